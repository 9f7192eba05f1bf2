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

/// What is left of the facts when values are mixed up.
Facts within(double lowest, double highest) {
  Facts facts;
  facts.lowest = lowest;
  facts.highest = highest;
  return facts;
}

/// A selector with the window around it.
struct Looked {
  const promql::VectorSelector* selector = nullptr;
  Duration window{0};
};

/// The only selector of an expression; nothing when there are several, or it looks back.
std::optional<Looked> only_selector(const promql::Node& node) {
  std::vector<Looked> all;
  bool plain = true;
  for_all(node, [&](const promql::Node& below) {
    if (below.kind == NodeKind::kSubquery) plain = false;
    if (const auto* matrix = as<promql::MatrixSelector>(below, NodeKind::kMatrixSelector)) {
      all.push_back({nullptr, matrix->window});
    }
    const auto* selector = as_selector(below);
    if (selector == nullptr) return;
    const promql::TimeShift& shift = selector->shift;
    if (shift.offset.count() != 0 || shift.offset_expr || shift.at != promql::AtKind::kNone) {
      plain = false;
    }
    if (all.empty() || all.back().selector != nullptr) all.push_back({});
    all.back().selector = selector;
  });
  return plain && all.size() == 1 ? std::optional(all.front()) : std::nullopt;
}

/// A share of a whole: some series of the metric below, or a / (a + b).
bool is_part_of(const promql::Node& part, const promql::Node& whole) {
  if (const auto* sum = as_binary(bare(whole)); sum != nullptr && sum->op == BinaryOp::kAdd) {
    const std::string wanted = promql::print(bare(part));
    return promql::print(bare(*sum->left)) == wanted || promql::print(bare(*sum->right)) == wanted;
  }
  const auto a = only_selector(part);
  const auto b = only_selector(whole);
  if (!a || !b || a->window != b->window || metric_name(*a->selector).empty()) return false;
  const std::vector<Matcher>& narrow = a->selector->matchers;
  return narrow.size() > b->selector->matchers.size() &&
         std::all_of(b->selector->matchers.begin(), b->selector->matchers.end(),
                     [&](const Matcher& matcher) {
                       return std::find(narrow.begin(), narrow.end(), matcher) != narrow.end();
                     });
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

Facts FactFinder::scaled(const promql::Node& node, double factor) {
  const Facts from = of(node);
  Facts facts = within(from.lowest * factor, from.highest * factor);
  if (std::isnan(facts.lowest) || std::isnan(facts.highest)) facts = within(-kInfinity, kInfinity);
  if (facts.lowest > facts.highest) std::swap(facts.lowest, facts.highest);
  facts.metric = from.metric;
  const auto becomes = [&](Unit a, Unit b, double by) {
    if (from.unit == a && factor == by) facts.unit = b;
  };
  becomes(Unit::kRatio, Unit::kPercent, 100);
  becomes(Unit::kPercent, Unit::kRatio, 0.01);
  becomes(Unit::kSeconds, Unit::kMilliseconds, 1000);
  becomes(Unit::kMilliseconds, Unit::kSeconds, 0.001);
  facts.share = from.share && facts.unit != Unit::kUnknown;
  facts.latency = from.latency && facts.unit != Unit::kUnknown;
  return facts;
}

Facts FactFinder::of_binary(const promql::Binary& binary) {
  if (binary.op == BinaryOp::kOr) {
    const Facts left = of(*binary.left);
    const Facts& right = of(*binary.right);
    Facts facts =
        within(std::min(left.lowest, right.lowest), std::max(left.highest, right.highest));
    const bool constant = constant_of(*binary.right).has_value();
    if (left.unit == right.unit || constant) facts.unit = left.unit;
    facts.per_second = left.per_second && (right.per_second || constant);
    facts.metric = left.metric;
    facts.share = left.share && (right.share || constant);
    return facts;
  }
  if (promql::is_set_operator(binary.op)) return of(*binary.left);
  if (promql::is_comparison(binary.op)) {
    if (binary.return_bool) {
      Facts facts = within(0, 1);
      facts.unit = Unit::kBool;
      return facts;
    }
    Facts facts = of(*binary.left);
    const auto limit = constant_of(*binary.right);
    if (limit && (binary.op == BinaryOp::kGreater || binary.op == BinaryOp::kGreaterEqual)) {
      facts.lowest = std::max(facts.lowest, *limit);
    }
    if (limit && (binary.op == BinaryOp::kLess || binary.op == BinaryOp::kLessEqual)) {
      facts.highest = std::min(facts.highest, *limit);
    }
    if (limit && binary.op == BinaryOp::kEqual) facts.lowest = facts.highest = *limit;
    return facts;
  }
  return of_arithmetic(binary);
}

Facts FactFinder::of_arithmetic(const promql::Binary& binary) {
  const auto left_constant = constant_of(*binary.left);
  const auto right_constant = constant_of(*binary.right);
  if (binary.op == BinaryOp::kMul) {
    if (right_constant) return scaled(*binary.left, *right_constant);
    if (left_constant) return scaled(*binary.right, *left_constant);
    const bool positive = of(*binary.left).lowest >= 0 && of(*binary.right).lowest >= 0;
    return positive ? within(0, kInfinity) : Facts{};
  }
  if (binary.op == BinaryOp::kDiv) return of_division(binary);
  const Facts left = of(*binary.left);
  const Facts right = of(*binary.right);
  if (binary.op == BinaryOp::kAdd) {
    Facts facts = within(left.lowest + right.lowest, left.highest + right.highest);
    if (std::isnan(facts.lowest) || std::isnan(facts.highest)) facts = {};
    if (left.unit == right.unit) {
      facts.unit = left.unit;
      facts.per_second = left.per_second && right.per_second;
      facts.metric = left.metric;
    }
    return facts;
  }
  if (binary.op != BinaryOp::kSub) return {};
  Facts facts = within(left.lowest - right.highest, left.highest - right.lowest);
  if (std::isnan(facts.lowest) || std::isnan(facts.highest)) facts = {};
  const bool whole = left_constant && ((*left_constant == 1 && right.unit == Unit::kRatio) ||
                                       (*left_constant == 100 && right.unit == Unit::kPercent));
  if (whole) {
    facts.unit = right.unit;
    facts.share = true;
    facts.metric = right.metric;
  } else if (left.unit == Unit::kTimestamp && right.unit == Unit::kTimestamp) {
    facts.unit = Unit::kSeconds;
  } else if (left.unit == right.unit && left.per_second == right.per_second) {
    facts.unit = left.unit;
    facts.per_second = left.per_second;
    facts.metric = left.metric;
  }
  return facts;
}

Facts FactFinder::of_division(const promql::Binary& binary) {
  const auto divisor = constant_of(*binary.right);
  if (divisor) {
    if (*divisor == 100) return scaled(*binary.left, 0.01);
    if (*divisor == 1000) return scaled(*binary.left, 0.001);
    Facts facts = scaled(*binary.left, 1 / *divisor);
    return facts;
  }
  const Facts left = of(*binary.left);
  const Facts right = of(*binary.right);
  Facts facts = left.lowest >= 0 && right.lowest >= 0 ? within(0, kInfinity) : Facts{};
  facts.metric = left.metric;
  const bool alike = left.per_second == right.per_second && left.increase == right.increase;
  if (!alike) return facts;
  if (left.unit == right.unit && left.unit != Unit::kUnknown && left.unit != Unit::kTimestamp) {
    facts.unit = Unit::kRatio;
    facts.share = is_part_of(*binary.left, *binary.right);
    if (facts.share && right.lowest >= 0 && left.lowest >= 0) facts.highest = 1;
  } else if (right.unit == Unit::kCount &&
             (left.unit == Unit::kSeconds || left.unit == Unit::kMilliseconds)) {
    facts.unit = left.unit;
    facts.latency = facts_of_metric(left.metric, nullptr).latency;
  }
  return facts;
}

}  // namespace tocsin::check
