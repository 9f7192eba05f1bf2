#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "harness/check/check_groups.h"
#include "harness/check/subject.h"

/// Names of exported metrics, by Prometheus' conventions (prometheus.io/docs/practices/naming) and
/// what its text format reserves.

namespace tocsin::check {
namespace {

enum MetricCheck {
  kReservedSuffix,
  kCounterWithoutTotal,
  kMetricUnit,
  kMissingHelp,
  kTargetLabel,
};

constexpr Check kMetricNames[] = {
    {"metric/reserved-suffix", Severity::kWarning, "A name with a suffix that means another type",
     "_total is for counters; _count, _sum and _bucket are what histograms and summaries consist "
     "of. Readers and tools take the metric for something else.",
     "Choose a name without the suffix: facts instead of facts_count."},
    {"metric/counter-without-total", Severity::kWarning, "A counter whose name lacks _total",
     "OpenMetrics demands it, and readers tell counters by it.", "Add _total."},
    {"metric/unit", Severity::kInfo, "A metric in another than a base unit",
     "Prometheus' conventions are seconds, bytes and ratios, so that metrics can be combined.",
     "Export seconds, bytes, ratios."},
    {"metric/missing-help", Severity::kInfo, "A metric without help",
     "Nobody can look up what it means.", "Add a help text."},
    {"metric/target-label", Severity::kWarning, "A metric has a label that targets have",
     "Prometheus gives job and instance to every series. It renames the metric's own to "
     "exported_instance, or, with honor_labels, lets it hide which target it was.",
     "Give the label another name."},
};

constexpr std::array<std::string_view, 9> kOddUnits = {"_milliseconds", "_ms",        "_minutes",
                                                       "_hours",        "_percent",   "_percentage",
                                                       "_kilobytes",    "_megabytes", "_gigabytes"};

class MetricNames {
 public:
  /// Pages of real exporters are as they are: there, all is a remark.
  MetricNames(bool ours, Findings& findings) : ours_(ours), findings_(findings) {}

  /// A label that its series have.
  void look_at_label(const FamilyInfo& family, std::string_view label, bool honored,
                     const SourcePos& pos) {
    if (label != "job" && label != "instance") return;
    Finding finding;
    finding.place.pos = pos;
    finding.message = honored
                          ? fmt::format("{} has a label {} of its own, which hides the target's",
                                        family.name, label)
                          : fmt::format("{} has a label {}, which becomes exported_{}", family.name,
                                        label, label);
    const bool handled = honored || !ours_;
    findings_.add(kMetricNames[kTargetLabel], handled ? Severity::kInfo : Severity::kWarning,
                  std::move(finding));
  }

  void look(const FamilyInfo& family, const SourcePos& pos) {
    std::string base = family.name;
    const bool counter = family.type == MetricType::kCounter;
    const bool split = family.type == MetricType::kHistogram ||
                       family.type == MetricType::kSummary ||
                       family.type == MetricType::kGaugeHistogram;
    if (family.type == MetricType::kUnknown) return;
    if (!counter && base.ends_with("_total")) report(kReservedSuffix, family, pos, "_total");
    if (!split) {
      for (const char* suffix : {"_count", "_sum", "_bucket"}) {
        if (base.ends_with(suffix)) report(kReservedSuffix, family, pos, suffix);
      }
    }
    if (counter && !base.ends_with("_total")) {
      add(kCounterWithoutTotal, pos, fmt::format("the counter {} should end in _total", base));
    }
    if (counter && base.ends_with("_total")) base.resize(base.size() - 6);
    look_at_unit(family, base, pos);
    if (family.help.empty()) add(kMissingHelp, pos, fmt::format("{} has no help", family.name));
  }

 private:
  void look_at_unit(const FamilyInfo& family, const std::string& base, const SourcePos& pos) {
    for (const std::string_view unit : kOddUnits) {
      if (base.ends_with(unit)) {
        return add(kMetricUnit, pos, fmt::format("{} is not in a base unit", family.name));
      }
    }
    if (base.ends_with("_timestamp")) {
      return add(kMetricUnit, pos,
                 fmt::format("{} does not say its unit: _timestamp_seconds", family.name));
    }
    const bool percent = family.help.find("ercent") != std::string::npos;
    const bool says = base.find("percent") != std::string::npos ||
                      base.find("pct") != std::string::npos || base.ends_with("_ratio");
    if (percent && !says && family.type == MetricType::kGauge) {
      add(kMetricUnit, pos,
          fmt::format("{} is a percentage, which its name does not say", family.name));
    }
  }

  void report(MetricCheck check, const FamilyInfo& family, const SourcePos& pos,
              std::string_view suffix) {
    add(check, pos,
        fmt::format("{} is a {}, and {} is reserved", family.name, to_string(family.type), suffix));
  }

  void add(MetricCheck check, const SourcePos& pos, std::string message) {
    Finding finding;
    finding.place.pos = pos;
    finding.message = std::move(message);
    const Check& entry = kMetricNames[check];
    findings_.add(entry, ours_ ? entry.severity : Severity::kInfo, std::move(finding));
  }

  bool ours_;
  Findings& findings_;
};

void look_at_target(const scenario::Target& target, MetricNames& names) {
  for (const scenario::Instrument& instrument : target.instruments) {
    names.look(instrument.family, instrument.pos);
    std::set<std::string> labels;
    for (const scenario::InstrumentSeries& series : instrument.series) {
      for (const scenario::InstrumentLabel& label : series.labels) labels.insert(label.name);
    }
    for (const std::string& label : labels) {
      names.look_at_label(instrument.family, label, target.honor_labels, instrument.pos);
    }
  }
}

void look_at_page(const Page& page, MetricNames& names) {
  for (const metrics::FamilySamples& family : page.families) {
    const auto line = page.lines.find(family.info.name);
    const SourcePos pos{page.file, line == page.lines.end() ? 0 : line->second, 1};
    names.look(family.info, pos);
    std::set<std::string> labels;
    for (const metrics::ExpositionSample& sample : family.samples) {
      for (const LabelView label : sample.labels) labels.emplace(label.name);
    }
    for (const std::string& label : labels) names.look_at_label(family.info, label, false, pos);
  }
}

void look_at_metric_names(const Subject& subject, Findings& findings) {
  if (subject.whole_system && subject.system) {
    MetricNames service(true, findings);
    look_at_target(subject.system->service, service);
    // Fakes of real exporters have their names.
    MetricNames exporters(false, findings);
    for (const scenario::Target& exporter : subject.system->exporters) {
      look_at_target(exporter, exporters);
    }
  }
  MetricNames pages(false, findings);
  for (const Page& page : subject.pages) look_at_page(page, pages);
}

}  // namespace

const CheckGroup kMetricNameChecks{kMetricNames, look_at_metric_names};

}  // namespace tocsin::check
