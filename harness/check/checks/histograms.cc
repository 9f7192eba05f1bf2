#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/check/check_groups.h"
#include "harness/check/checks/conditions.h"
#include "harness/check/label_flow.h"
#include "harness/check/subject.h"

/// Quantiles of histograms and summaries.

namespace tocsin::check {
namespace {

using promql::NodeKind;

enum HistogramCheck {
  kQuantileWithoutRate,
  kQuantileWithoutLe,
  kQuantileRange,
  kBucketBounds,
  kAveragedQuantile,
};

constexpr Check kHistograms[] = {
    {"rule/quantile-without-rate", Severity::kWarning, "histogram_quantile() without rate()",
     "Buckets are counters, so this is the quantile of everything since the process began: the "
     "longer it runs, the less it moves.",
     "Put rate(…[5m]) around the buckets."},
    {"rule/quantile-without-le", Severity::kError, "histogram_quantile() of buckets without `le`",
     "Without the label `le` there are no buckets, and no result.",
     "Add le to the `by` of the aggregation."},
    {"rule/quantile-range", Severity::kError, "A quantile outside 0 to 1",
     "histogram_quantile(95, …) is always infinite.", "Write 0.95 for the 95th percentile."},
    {"rule/bucket-bounds", Severity::kInfo, "A threshold that is no bucket's bound",
     "Between two bounds quantiles are interpolated, so the threshold is as exact as the buckets "
     "are close.",
     "Use a bucket's bound as threshold, or add a bucket there."},
    {"rule/averaged-quantile", Severity::kWarning, "Quantiles are added or averaged",
     "The average of percentiles is no percentile.",
     "Aggregate the buckets, then take the quantile."},
};

class HistogramLook {
 public:
  HistogramLook(const Subject& subject, const RuleUse& use, LabelFlow& labels, Findings& findings)
      : subject_(subject), use_(use), labels_(labels), findings_(findings) {}

  void look() {
    const promql::Node& root = *use_.rule->expression.root;
    for_all(root, [&](const promql::Node& node) {
      if (const auto* call = as_call(node)) look_at_call(*call);
      if (const auto* aggregate = as_aggregate(node)) look_at_aggregate(*aggregate);
    });
    for (const Condition& condition : conditions_in(root)) look_at_bounds(condition);
  }

 private:
  void add(HistogramCheck check, promql::TextRange range, std::string message,
           std::string way_out = {}) {
    findings_.add(kHistograms[check], about(use_, range, std::move(message), std::move(way_out)));
  }

  void look_at_call(const promql::Call& call) {
    const std::string_view name = call.function->name;
    if (name != "histogram_quantile" && name != "quantile_over_time") return;
    if (const auto quantile = constant_of(*call.arguments.front());
        quantile && (*quantile < 0 || *quantile > 1)) {
      const bool percent = *quantile > 1 && *quantile <= 100;
      add(kQuantileRange, call.arguments.front()->range,
          fmt::format("{} is no quantile", format_number(*quantile)),
          percent ? fmt::format("write {}", format_number(*quantile / 100)) : "");
    }
    if (name == "histogram_quantile") look_at_buckets(call);
  }

  void look_at_buckets(const promql::Call& call) {
    const promql::Node& buckets = *call.arguments[1];
    bool classic = false;
    bool windowed = false;
    for_all(buckets, [&](const promql::Node& node) {
      if (const auto* selector = as_selector(node)) {
        classic = classic || metric_name(*selector).ends_with("_bucket");
      }
      windowed =
          windowed || node.kind == NodeKind::kMatrixSelector || node.kind == NodeKind::kSubquery;
    });
    if (!classic) return;
    if (!windowed && !recorded(buckets)) {
      add(kQuantileWithoutRate, call.range, "the buckets are taken as they are");
    }
    const LabelSet& set = labels_.of(buckets);
    if (set.may_have("le")) return;
    add(kQuantileWithoutLe, call.range, "the buckets have lost their label le",
        "add le to the `by` of the aggregation, or leave it out of `without`");
  }

  /// Recorded buckets may be rates already, whatever they are called.
  bool recorded(const promql::Node& node) const {
    bool found = false;
    for_all(node, [&](const promql::Node& below) {
      const auto* selector = as_selector(below);
      if (selector == nullptr) return;
      const std::string name = metric_name(*selector);
      found = found || name.find(':') != std::string::npos || !subject_.recorders(name).empty();
    });
    return found;
  }

  void look_at_aggregate(const promql::Aggregate& aggregate) {
    if (aggregate.op != promql::AggregateOp::kSum && aggregate.op != promql::AggregateOp::kAvg) {
      return;
    }
    const promql::Node& argument = bare(*aggregate.argument);
    const auto* call = as_call(argument);
    const bool computed = call != nullptr && call->function->name == "histogram_quantile";
    const auto* selector = as_selector(argument);
    const auto asks_for = [&](const auto& fits) {
      return selector != nullptr &&
             std::any_of(selector->matchers.begin(), selector->matchers.end(),
                         [&](const Matcher& m) { return m.name() == "quantile" && fits(m); });
    };
    const bool of_summary = asks_for([](const Matcher& m) { return !m.matches(""); });
    if (!computed && !of_summary) return;
    // The mean of medians is near the median of all, as long as the series are alike.
    const bool medians = aggregate.op == promql::AggregateOp::kAvg &&
                         asks_for([](const Matcher& m) { return m.value() == "0.5"; });
    findings_.add(kHistograms[kAveragedQuantile], medians ? Severity::kInfo : Severity::kWarning,
                  about(use_, aggregate.range, "these are quantiles"));
  }

  void look_at_bounds(const Condition& condition) {
    const auto* call = as_call(bare(*condition.value));
    if (call == nullptr || call->function->name != "histogram_quantile" || !subject_.exported)
      return;
    std::set<double> bounds;
    for_all(*call->arguments[1], [&](const promql::Node& node) {
      const auto* selector = as_selector(node);
      const ExportedMetric* metric =
          selector == nullptr ? nullptr : subject_.exported->find(metric_name(*selector));
      if (metric == nullptr) return;
      for (const std::string& bound : metric->values("le")) {
        bounds.insert(std::strtod(bound.c_str(), nullptr));
      }
    });
    if (bounds.empty() || bounds.contains(condition.limit)) return;
    const auto above = bounds.upper_bound(condition.limit);
    if (above == bounds.end() || above == bounds.begin()) return;
    add(kBucketBounds, condition.comparison->range,
        fmt::format("{} lies between the bounds {} and {}", format_number(condition.limit),
                    format_number(*std::prev(above)), format_number(*above)));
  }

  const Subject& subject_;
  const RuleUse& use_;
  LabelFlow& labels_;
  Findings& findings_;
};

void look_at_histograms(const Subject& subject, Findings& findings) {
  LabelFlow labels(subject);
  for (const RuleUse& use : subject.rules) HistogramLook(subject, use, labels, findings).look();
}

}  // namespace

const CheckGroup kHistogramChecks{kHistograms, look_at_histograms};

}  // namespace tocsin::check
