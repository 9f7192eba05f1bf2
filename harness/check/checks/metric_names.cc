#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/check/check_groups.h"
#include "harness/check/subject.h"

/// Names of exported metrics, by Prometheus' conventions (prometheus.io/docs/practices/naming) and
/// what its text format reserves.

namespace tocsin::check {
namespace {

enum MetricCheck { kReservedSuffix, kCounterWithoutTotal, kMetricUnit, kMissingHelp };

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
};

constexpr std::array<std::string_view, 9> kOddUnits = {"_milliseconds", "_ms",        "_minutes",
                                                       "_hours",        "_percent",   "_percentage",
                                                       "_kilobytes",    "_megabytes", "_gigabytes"};

class MetricNames {
 public:
  /// Pages of real exporters are as they are: there, all is a remark.
  MetricNames(bool ours, Findings& findings) : ours_(ours), findings_(findings) {}

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
    for (const std::string_view unit : kOddUnits) {
      if (base.ends_with(unit)) {
        add(kMetricUnit, pos, fmt::format("{} is not in a base unit", family.name));
      }
    }
    if (family.help.empty()) add(kMissingHelp, pos, fmt::format("{} has no help", family.name));
  }

 private:
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

void look_at_metric_names(const Subject& subject, Findings& findings) {
  if (subject.whole_system && subject.system) {
    MetricNames service(true, findings);
    for (const scenario::Instrument& instrument : subject.system->service.instruments) {
      service.look(instrument.family, instrument.pos);
    }
    // Fakes of real exporters have their names.
    MetricNames exporters(false, findings);
    for (const scenario::Target& exporter : subject.system->exporters) {
      for (const scenario::Instrument& instrument : exporter.instruments) {
        exporters.look(instrument.family, instrument.pos);
      }
    }
  }
  MetricNames pages(false, findings);
  for (const Page& page : subject.pages) {
    for (const metrics::FamilySamples& family : page.families) {
      pages.look(family.info, {page.file, 0, 0});
    }
  }
}

}  // namespace

const CheckGroup kMetricNameChecks{kMetricNames, look_at_metric_names};

}  // namespace tocsin::check
