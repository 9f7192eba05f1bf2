#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "harness/check/check_groups.h"
#include "harness/check/checks/conditions.h"
#include "harness/check/facts.h"
#include "harness/check/label_flow.h"
#include "harness/check/nearest_metric.h"
#include "harness/check/subject.h"

/// Labels that are grouped by, and those that should be.

namespace tocsin::check {
namespace {

using promql::BinaryOp;
using promql::NodeKind;

enum AggregationCheck { kUnknownGrouping, kPerSeries, kUpWithoutJob };

constexpr Check kAggregations[] = {
    {"rule/unknown-grouping", Severity::kWarning, "Grouped by a label that is not there",
     "`by` a label that no series has puts all into one group; `without` one does nothing.",
     "Use a label that the series have."},
    {"rule/per-series", Severity::kWarning, "Each series is compared by itself",
     "The metric has several series a target (by endpoint, status, …): a threshold meant for all "
     "of them is passed by none.",
     "Put sum() around it, by the labels that the alert is about; of histograms, sum by (le)."},
    {"rule/up-without-job", Severity::kWarning, "up of all targets",
     "It fires for every target in the Prometheus, whatever service the alert names.",
     "Select the job: up{job=\"…\"}."},
};

/// Labels that tell requests apart, not things that are watched.
constexpr std::array<std::string_view, 14> kRequestLabels = {
    "status", "status_code", "code",  "method", "endpoint",  "handler", "path",
    "route",  "uri",         "state", "cmd",    "operation", "verb",    "url"};

bool names_targets(std::string_view alert) {
  std::string lower(alert);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* word :
       {"target", "instance", "scrape", "exporter", "job", "endpoint", "missing"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

class AggregationLook {
 public:
  AggregationLook(const Subject& subject, const RuleUse& use, LabelFlow& labels, FactFinder& facts,
                  Findings& findings)
      : subject_(subject), use_(use), labels_(labels), facts_(facts), findings_(findings) {}

  void look() {
    const promql::Node& root = *use_.rule->expression.root;
    for_all(root, [&](const promql::Node& node) {
      if (const auto* aggregate = as_aggregate(node)) look_at_grouping(*aggregate);
    });
    if (!use_.alerts()) return;
    for (const Condition& condition : conditions_in(root)) {
      look_at_up(condition);
      look_at_series(condition);
    }
  }

 private:
  void add(AggregationCheck check, Severity severity, promql::TextRange range, std::string message,
           std::string way_out = {}) {
    findings_.add(kAggregations[check], severity,
                  about(use_, range, std::move(message), std::move(way_out)));
  }

  void look_at_grouping(const promql::Aggregate& aggregate) {
    const LabelSet& set = labels_.of(*aggregate.argument);
    if (set.open) return;
    const bool known_targets = subject_.exported && subject_.exported->values_complete();
    for (const std::string& label : aggregate.grouping) {
      if (set.may_have(label) || label == kMetricName) continue;
      const std::vector<std::string> known(set.names.begin(), set.names.end());
      const std::string nearest = nearest_metric(label, known);
      // Rules for many installations name labels that only some have.
      const bool sure = !nearest.empty() && known_targets && !aggregate.without;
      add(kUnknownGrouping, sure ? Severity::kWarning : Severity::kInfo, aggregate.range,
          fmt::format("no series here has the label {}", label),
          !nearest.empty() ? fmt::format("did you mean {}?", nearest)
                           : fmt::format("there are {}", listed(known, 10)));
    }
  }

  void look_at_up(const Condition& condition) {
    const auto* selector = as_selector(bare(*condition.value));
    if (selector == nullptr || selector->name != "up" || selector->matchers.size() != 1) return;
    const bool down = (condition.op == BinaryOp::kEqual && condition.limit == 0) ||
                      (asks_below(condition.op) && condition.limit <= 1);
    if (!down || names_targets(use_.rule->name)) return;
    const Severity severity = subject_.system ? Severity::kWarning : Severity::kInfo;
    std::string way_out;
    if (subject_.system) {
      way_out = fmt::format("write up{{job=\"{}\"}}, if that service is meant",
                            subject_.system->service.job);
    }
    add(kUpWithoutJob, severity, condition.comparison->range,
        "this fires for every target in the Prometheus", way_out);
  }

  /// What is compared, when each of its series stands alone; null after an aggregation.
  const promql::VectorSelector* each_series(const promql::Node& outer) {
    const promql::Node& node = bare(outer);
    if (const auto* selector = as_selector(node)) return selector;
    if (const auto* matrix = as<promql::MatrixSelector>(node, NodeKind::kMatrixSelector)) {
      return matrix->vector.get();
    }
    if (const auto* call = as_call(node)) {
      const std::string_view name = call->function->name;
      if (name == "histogram_quantile") return each_series(*call->arguments[1]);
      if (name == "rate" || name == "irate" || name == "increase") {
        return each_series(*call->arguments.front());
      }
      return nullptr;
    }
    const auto* binary = as_binary(node);
    if (binary != nullptr && binary->op == BinaryOp::kMul && constant_of(*binary->right)) {
      return each_series(*binary->left);
    }
    return nullptr;
  }

  /// Labels by which one target's series of the metric differ, and that say nothing but which
  /// requests (or states of something) are counted.
  std::vector<std::string> request_labels(const promql::VectorSelector& selector, bool raw) {
    const ExportedMetric* metric = subject_.meant(metric_name(selector));
    if (metric == nullptr) return {};
    std::vector<std::string> found;
    std::vector<std::string> asked(kRequestLabels.begin(), kRequestLabels.end());
    // Of a counter itself, each is a number of its own.
    if (metric->family.type == MetricType::kCounter && raw) {
      const std::set<std::string> all = metric->labels();
      asked.assign(all.begin(), all.end());
      std::erase_if(asked, [](const std::string& l) { return l == "job" || l == "instance"; });
    }
    for (const std::string& label : asked) {
      const bool pinned = std::any_of(
          selector.matchers.begin(), selector.matchers.end(),
          [&](const Matcher& m) { return m.name() == label && m.op() == MatchOp::kEqual; });
      if (!pinned && metric->values(label).size() > 1) found.emplace_back(label);
    }
    return found;
  }

  /// The alert's texts show the label, so series by series is what is meant.
  bool shows(const std::string& label) const {
    const auto has = [&](const auto& texts) {
      return std::any_of(texts.begin(), texts.end(), [&](const auto& text) {
        return text.second.text.find("abels." + label) != std::string::npos;
      });
    };
    return has(use_.rule->annotations) || has(use_.rule->labels);
  }

  /// Labels that tell apart what would better be one distribution.
  std::vector<std::string> further_labels(const promql::VectorSelector& selector) const {
    const ExportedMetric* metric = subject_.meant(metric_name(selector));
    if (metric == nullptr) return {};
    std::vector<std::string> found;
    for (const std::string& label : metric->labels()) {
      const bool of_target = label == "job" || label == "instance" || label == "le";
      const bool asked = std::any_of(selector.matchers.begin(), selector.matchers.end(),
                                     [&](const Matcher& m) { return m.name() == label; });
      if (!of_target && !asked && !shows(label)) found.push_back(label);
    }
    return found;
  }

  /// histogram_quantile(…, rate(…_bucket[…])), not summed.
  void look_at_quantile(const Condition& condition, const promql::VectorSelector& selector) {
    if (shows("instance")) return;
    const std::vector<std::string> labels = further_labels(selector);
    const bool sure = subject_.exported->values_complete() && !labels.empty();
    add(kPerSeries, sure ? Severity::kWarning : Severity::kInfo, condition.comparison->range,
        labels.empty() ? "each series has a quantile of its own"
                       : fmt::format("each {} has a quantile of its own", listed(labels)),
        "put sum by (le) (…) around rate()");
  }

  void look_at_series(const Condition& condition) {
    const auto* selector = each_series(*condition.value);
    if (selector == nullptr || !subject_.exported) return;
    const Facts facts = facts_.of(*condition.value);
    const bool additive = facts.per_second || facts.increase || facts.latency ||
                          facts.unit == Unit::kUnknown || facts.unit == Unit::kCount;
    // Nothing and something are the same for each series and for all.
    const bool any = asks_above(condition.op) && condition.limit == 0;
    if (!additive || any) return;
    std::vector<std::string> labels =
        request_labels(*selector, selector == as_selector(bare(*condition.value)));
    std::erase_if(labels, [&](const std::string& label) { return shows(label); });
    const bool quantile = as_call(bare(*condition.value)) != nullptr &&
                          as_call(bare(*condition.value))->function->name == "histogram_quantile";
    if (labels.empty() && quantile) return look_at_quantile(condition, *selector);
    if (labels.empty()) return;
    add(kPerSeries, Severity::kWarning, condition.comparison->range,
        fmt::format("each {} is compared by itself", listed(labels)),
        quantile ? "put sum by (le) (…) around rate()" : "put sum(…) around it");
  }

  const Subject& subject_;
  const RuleUse& use_;
  LabelFlow& labels_;
  FactFinder& facts_;
  Findings& findings_;
};

void look_at_aggregations(const Subject& subject, Findings& findings) {
  LabelFlow labels(subject);
  FactFinder facts(subject);
  for (const RuleUse& use : subject.rules) {
    AggregationLook(subject, use, labels, facts, findings).look();
  }
}

}  // namespace

const CheckGroup kAggregationChecks{kAggregations, look_at_aggregations};

}  // namespace tocsin::check
