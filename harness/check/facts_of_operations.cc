#include <algorithm>
#include <cmath>

#include "harness/check/facts.h"
#include "harness/check/visit.h"

/// What operations make of their sides' units and bounds.

namespace tocsin::check {

using promql::BinaryOp;
using promql::NodeKind;

namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

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

}  // namespace

Facts within(double lowest, double highest) {
  Facts facts;
  facts.lowest = lowest;
  facts.highest = highest;
  return facts;
}

Facts FactFinder::scaled(const promql::Node& node, double factor) {
  const Facts from = of(node);
  Facts facts = within(from.lowest * factor, from.highest * factor);
  if (std::isnan(facts.lowest) || std::isnan(facts.highest))
    facts = within(-kUnbounded, kUnbounded);
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
    return positive ? within(0, kUnbounded) : Facts{};
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
  Facts facts = left.lowest >= 0 && right.lowest >= 0 ? within(0, kUnbounded) : Facts{};
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
