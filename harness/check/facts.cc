#include "harness/check/facts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/check/visit.h"

namespace tocsin::check {

using promql::AggregateOp;
using promql::BinaryOp;
using promql::NodeKind;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Values of a function's argument stay what they are.
bool keeps_values(std::string_view name) {
  return one_of(name, {"avg_over_time", "min_over_time", "max_over_time", "last_over_time",
                       "first_over_time", "quantile_over_time", "label_replace", "label_join",
                       "sort", "sort_desc", "sort_by_label", "sort_by_label_desc", "info"});
}

double highest_bound(const ExportedMetric& buckets) {
  double highest = -kInfinity;
  for (const std::string& bound : buckets.values("le")) {
    const double value = std::strtod(bound.c_str(), nullptr);
    if (std::isfinite(value)) highest = std::max(highest, value);
  }
  return highest;
}

}  // namespace

std::string_view describe(Unit unit) {
  switch (unit) {
    case Unit::kRatio:
      return "a ratio (0–1)";
    case Unit::kPercent:
      return "a percentage (0–100)";
    case Unit::kSeconds:
      return "seconds";
    case Unit::kMilliseconds:
      return "milliseconds";
    case Unit::kBytes:
      return "bytes";
    case Unit::kTimestamp:
      return "a point in time";
    case Unit::kBool:
      return "0 or 1";
    case Unit::kCount:
      return "a count";
    case Unit::kUnknown:
      break;
  }
  return "of unknown unit";
}

const Facts& FactFinder::of(const promql::Node& node) {
  const auto known = known_.find(&node);
  if (known != known_.end()) return known->second;
  Facts facts = compute(node);
  return known_.emplace(&node, std::move(facts)).first->second;
}

Facts FactFinder::compute(const promql::Node& node) {
  if (const auto constant = constant_of(node)) return within(*constant, *constant);
  switch (node.kind) {
    case NodeKind::kVectorSelector:
      return of_selector(static_cast<const promql::VectorSelector&>(node));
    case NodeKind::kMatrixSelector:
      return of(*static_cast<const promql::MatrixSelector&>(node).vector);
    case NodeKind::kSubquery:
      return of(*static_cast<const promql::Subquery&>(node).inner);
    case NodeKind::kParen:
      return of(*static_cast<const promql::Paren&>(node).inner);
    case NodeKind::kUnary:
      return scaled(*static_cast<const promql::Unary&>(node).operand, -1);
    case NodeKind::kAggregate:
      return of_aggregate(static_cast<const promql::Aggregate&>(node));
    case NodeKind::kBinary:
      return of_binary(static_cast<const promql::Binary&>(node));
    case NodeKind::kCall:
      return of_call(static_cast<const promql::Call&>(node));
    default:
      return {};
  }
}

Facts FactFinder::of_selector(const promql::VectorSelector& selector) {
  const std::string name = metric_name(selector);
  const auto& recorders = subject_.recorders(name);
  if (recorders.size() == 1) {
    const rules::Rule* rule = recorders.front()->rule;
    if (!within_.insert(rule).second) return {};
    Facts facts = of(*rule->expression.root);
    within_.erase(rule);
    return facts;
  }
  if (name.empty() || !recorders.empty() || name.find(':') != std::string::npos) return {};
  return facts_of_metric(name, subject_.exported ? subject_.exported->find(name) : nullptr);
}

Facts FactFinder::of_call(const promql::Call& call) {
  const std::string_view name = call.function->name;
  if (name == "absent" || name == "absent_over_time" || name == "present_over_time") {
    return within(1, 1);
  }
  if (call.arguments.empty()) {
    Facts now = within(0, kInfinity);
    if (name == "time") now.unit = Unit::kTimestamp;
    return now;
  }
  const promql::Node& last = *call.arguments.back();
  if (one_of(name, {"rate", "irate", "increase"})) {
    Facts facts = of(last);
    facts.direct = false;
    facts.per_second = name != "increase";
    facts.increase = name == "increase";
    facts.type = MetricType::kUnknown;
    facts.latency = false;
    facts.lowest = 0;
    facts.highest = kInfinity;
    facts.seen.reset();
    return facts;
  }
  if (name == "histogram_quantile") {
    Facts facts = of(*call.arguments[1]);
    std::string base = facts.metric;
    if (base.ends_with("_bucket")) base.resize(base.size() - 7);
    const ExportedMetric* buckets =
        subject_.exported ? subject_.exported->find(facts.metric) : nullptr;
    facts = facts_of_metric(base, nullptr);
    facts.type = MetricType::kUnknown;
    facts.direct = false;
    if (buckets != nullptr && std::isfinite(highest_bound(*buckets))) {
      facts.highest = highest_bound(*buckets);
    }
    return facts;
  }
  if (keeps_values(name)) {
    Facts facts = of(*call.arguments[name == "quantile_over_time" ? 1 : 0]);
    facts.type = MetricType::kUnknown;
    return facts;
  }
  if (one_of(name, {"count_over_time", "changes", "resets"})) return within(0, kInfinity);
  if (one_of(name, {"timestamp"})) {
    Facts facts = within(0, kInfinity);
    facts.unit = Unit::kTimestamp;
    return facts;
  }
  if (one_of(name, {"abs", "ceil", "floor", "round", "scalar"})) {
    Facts facts = of(*call.arguments.front());
    facts.type = MetricType::kUnknown;
    if (name == "abs") return facts.lowest >= 0 ? facts : within(0, kInfinity);
    facts.lowest = std::floor(facts.lowest);
    facts.highest = std::ceil(facts.highest);
    return facts;
  }
  return {};
}

Facts FactFinder::of_aggregate(const promql::Aggregate& aggregate) {
  Facts facts = of(*aggregate.argument);
  facts.type = MetricType::kUnknown;
  switch (aggregate.op) {
    case AggregateOp::kCount:
    case AggregateOp::kCountValues:
      facts = within(1, kInfinity);
      facts.unit = Unit::kCount;
      return facts;
    case AggregateOp::kGroup:
      return within(1, 1);
    case AggregateOp::kStddev:
    case AggregateOp::kStdvar:
      return within(0, kInfinity);
    case AggregateOp::kSum:
      facts.lowest = facts.lowest >= 0 ? facts.lowest : -kInfinity;
      facts.highest = facts.highest <= 0 ? facts.highest : kInfinity;
      facts.share = false;
      facts.direct = false;
      facts.seen.reset();
      if (facts.unit == Unit::kRatio || facts.unit == Unit::kPercent) facts.unit = Unit::kUnknown;
      if (facts.unit == Unit::kBool) facts.unit = Unit::kCount;
      if (!facts.per_second && !facts.increase) facts.latency = false;
      return facts;
    default:
      if (facts.unit == Unit::kBool) facts.unit = Unit::kUnknown;
      return facts;
  }
}

}  // namespace tocsin::check
