#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/check/checks/contract_checks.h"
#include "harness/check/nearest_metric.h"
#include "harness/check/visit.h"
#include "harness/scenario/values.h"

/// What the document itself leaves open, says twice or forgets.

namespace tocsin::check {
namespace {

std::string lower_words(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Names of metrics that belong to one family: of a histogram its buckets, sum and count.
bool is_of_family(std::string_view series, std::string_view family) {
  if (!series.starts_with(family)) return false;
  const std::string_view rest = series.substr(family.size());
  return rest.empty() || rest == "_bucket" || rest == "_sum" || rest == "_count" ||
         rest == "_total";
}

class DocumentLook {
 public:
  DocumentLook(const Subject& subject, Findings& findings)
      : subject_(subject), promised_(*subject.contract), findings_(findings) {}

  void look() {
    for (const contract::Metric& metric : promised_.metrics) look_for_list(metric);
    if (!subject_.whole_system) return;
    for (const contract::Metric& metric : promised_.metrics) look_at_name(metric);
    for (const contract::Alert& alert : promised_.alerts) {
      look_at_words(alert);
      look_at_gaps(alert);
      look_for_runbook(alert);
    }
    for (const contract::HealthPromise& health : promised_.health) look_at_latency(health);
  }

 private:
  void add(ContractCheck check, const SourcePos& pos, std::string message,
           std::string way_out = {}) {
    add_to_contract(promised_, check, pos, std::move(message), std::move(way_out), findings_);
  }

  static bool is_ours(const contract::Metric& metric, std::string_view what) {
    return std::find(metric.ours.begin(), metric.ours.end(), what) != metric.ours.end();
  }

  /// The alert in whose lines alone the document names the metric; null: it does so elsewhere.
  const contract::Alert* only_reader(const contract::Metric& metric) const {
    if (metric.lines.empty() || is_ours(metric, "name")) return nullptr;
    for (const contract::Alert& alert : promised_.alerts) {
      const bool all = std::all_of(metric.lines.begin(), metric.lines.end(), [&](int line) {
        return std::find(alert.lines.begin(), alert.lines.end(), line) != alert.lines.end();
      });
      if (all) return &alert;
    }
    return nullptr;
  }

  void look_for_list(const contract::Metric& metric) {
    const contract::Alert* reader = only_reader(metric);
    if (reader == nullptr) return;
    const std::string message =
        fmt::format("the document names {} only where the alert {} reads it (line {})", metric.name,
                    reader->name, metric.lines.front());
    if (subject_.whole_system) return add(kUnlistedMetric, metric.pos, message);
    for (const RuleUse& use : subject_.rules) {
      for_all(*use.rule->expression.root, [&](const promql::Node& node) {
        const auto* selector = as_selector(node);
        if (selector == nullptr || !is_of_family(metric_name(*selector), metric.name)) return;
        findings_.add(kContracts[kUnlistedMetric], about(use, selector->range, message));
      });
    }
  }

  void look_at_name(const contract::Metric& metric) {
    if (!is_ours(metric, "name")) return;
    add(kUnnamedMetric, metric.pos, fmt::format("the document has no name for {}", metric.name));
  }

  void look_at_words(const contract::Alert& alert) {
    // A name of its own tells it apart.
    if (alert.says.empty() || !alert.is_ours("name")) return;
    const auto [at, is_new] = by_words_.emplace(lower_words(alert.says), &alert);
    if (is_new) return;
    add(kSameWords, alert.pos,
        fmt::format("the document says of {} and {} the same: {}", at->second->name, alert.name,
                    alert.says));
  }

  void look_at_gaps(const contract::Alert& alert) {
    std::vector<std::string> missing;
    for (const char* what : {"threshold", "severity", "for"}) {
      if (alert.is_ours(what)) missing.emplace_back(what);
    }
    if (missing.empty()) return;
    add(kVagueAlert, alert.pos,
        fmt::format("the document gives {} no {}", alert.name, listed(missing)));
  }

  void look_for_runbook(const contract::Alert& alert) {
    if (promised_.runbooks.empty()) return;
    const bool any =
        std::any_of(promised_.runbooks.begin(), promised_.runbooks.end(), [&](const auto& runbook) {
          return std::find(runbook.alerts.begin(), runbook.alerts.end(), alert.name) !=
                 runbook.alerts.end();
        });
    if (!any) {
      add(kAlertWithoutRunbook, alert.pos, fmt::format("no runbook is for {}", alert.name));
    }
  }

  /// An answer cannot come before the slowest of its checks.
  void look_at_latency(const contract::HealthPromise& health) {
    using Claim = scenario::ValueClaim;
    if (!health.latency || health.latency->dimension != Dimension::kTime) return;
    const Claim& limit = *health.latency;
    if (limit.kind != Claim::Kind::kLess && limit.kind != Claim::Kind::kLessEqual) return;
    for (const auto& [pointer, text] : health.fields) {
      const auto value = scenario::parse_number(text);
      const double unit = unit_of_latency(pointer);
      if (value.has_error() || unit == 0 || limit.holds(*value * unit)) continue;
      add(kHealthLatency, health.pos,
          fmt::format("{} answers in {}, and in the answer that is shown {} is {}", health.endpoint,
                      limit.text, pointer, text));
    }
  }

  /// In seconds, by the name of a field; 0: it is about something else.
  static double unit_of_latency(std::string_view pointer) {
    const std::string_view name = pointer.substr(pointer.rfind('/') + 1);
    for (const std::string_view what : {"latency", "duration", "response_time", "elapsed"}) {
      if (!name.starts_with(what)) continue;
      const std::string_view unit = name.substr(what.size());
      if (unit == "_ms" || unit == "_milliseconds") return 1e-3;
      if (unit == "_s" || unit == "_seconds") return 1;
    }
    return 0;
  }

  const Subject& subject_;
  const contract::Contract& promised_;
  Findings& findings_;
  std::map<std::string, const contract::Alert*> by_words_;
};

}  // namespace

void look_at_document(const Subject& subject, Findings& findings) {
  DocumentLook(subject, findings).look();
}

}  // namespace tocsin::check
