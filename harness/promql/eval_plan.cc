// What can be known of an expression before any sample is read: durations, times, which parts do
// not change from step to step.

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/promql/evaluation.h"
#include "harness/promql/functions.h"

namespace tocsin::promql {
namespace {

/// Results of these depend on the evaluation time even where their arguments do not.
constexpr std::string_view kTimeDependent[] = {
    "day_of_month", "day_of_week", "day_of_year", "days_in_month",  "end",
    "hour",         "minute",      "month",       "predict_linear", "range",
    "start",        "step",        "time",        "timestamp",      "year"};

/// Seconds of a duration expression, for one query.
class DurationCalculator {
 public:
  explicit DurationCalculator(const Evaluation& evaluation) : evaluation_(evaluation) {}

  Duration positive(const Node& node) const {
    const double seconds = checked(node);
    if (seconds <= 0) evaluation_.fail("duration must be greater than 0", node.range);
    return whole(seconds);
  }
  Duration any(const Node& node) const { return whole(checked(node)); }

 private:
  static Duration whole(double seconds) {
    return Duration(static_cast<std::int64_t>(seconds * 1000));
  }

  double checked(const Node& node) const {
    const double seconds = value(node);
    if (!std::isfinite(seconds)) {
      evaluation_.fail("duration is NaN or infinite", node.range);
    }
    constexpr double kLongest = 9223372036.0;  // seconds that fit into 64 bits of nanoseconds
    if (std::abs(seconds) > kLongest) evaluation_.fail("duration is out of range", node.range);
    return seconds;
  }

  double value(const Node& node) const {
    if (node.kind == NodeKind::kNumber) return static_cast<const NumberLiteral&>(node).value;
    if (node.kind == NodeKind::kParen) return value(*static_cast<const Paren&>(node).inner);
    const auto& expr = static_cast<const DurationExpr&>(node);
    const double left = expr.left ? value(*expr.left) : 0;
    const double right = expr.right ? value(*expr.right) : 0;
    switch (expr.op) {
      case DurationExpr::Op::kAdd:
        return left + right;
      case DurationExpr::Op::kSub:
        return left - right;
      case DurationExpr::Op::kMul:
        return left * right;
      case DurationExpr::Op::kDiv:
        if (right == 0) evaluation_.fail("division by zero", node.range);
        return left / right;
      case DurationExpr::Op::kMod:
        if (right == 0) evaluation_.fail("modulo by zero", node.range);
        return std::fmod(left, right);
      case DurationExpr::Op::kPow:
        return std::pow(left, right);
      case DurationExpr::Op::kNegate:
        return -right;
      case DurationExpr::Op::kPlus:
        return right;
      case DurationExpr::Op::kStep:
        return query_step_seconds(evaluation_.query);
      case DurationExpr::Op::kRange:
        return to_seconds(evaluation_.query.end - evaluation_.query.start);
      case DurationExpr::Op::kMin:
        return std::min(left, right);
      case DurationExpr::Op::kMax:
        return std::max(left, right);
    }
    return 0;
  }

  const Evaluation& evaluation_;
};

Duration offset_of(const Evaluation& evaluation, const TimeShift& shift) {
  if (!shift.offset_expr) return shift.offset;
  return DurationCalculator(evaluation).any(*shift.offset_expr);
}

/// Times are kept within ±100 million years, where adding durations to them cannot overflow.
std::int64_t bounded(std::int64_t ms) {
  constexpr std::int64_t kFar = std::int64_t{1} << 61;
  return std::clamp(ms, -kFar, kFar);
}

bool has_fixed_time(const TimeShift& shift) {
  return shift.at != AtKind::kNone;
}

}  // namespace

bool depends_on_time(std::string_view function) {
  return std::ranges::find(kTimeDependent, function) != std::ranges::end(kTimeDependent);
}

double query_step_seconds(const Timeline& query) {
  return query.is_instant() ? 0 : to_seconds(query.step);
}

const Node& unwrap(const Node& node) {
  const Node* inner = &node;
  while (inner->kind == NodeKind::kParen) inner = static_cast<const Paren*>(inner)->inner.get();
  return *inner;
}

Duration Evaluation::window_of(const MatrixSelector& node) const {
  return node.window_expr ? DurationCalculator(*this).positive(*node.window_expr) : node.window;
}

Duration Evaluation::window_of(const Subquery& node) const {
  return node.window_expr ? DurationCalculator(*this).positive(*node.window_expr) : node.window;
}

Duration Evaluation::step_of(const Subquery& node) const {
  const Duration step =
      node.step_expr ? DurationCalculator(*this).positive(*node.step_expr) : node.step;
  return step > Duration(0) ? step : std::max(options.default_subquery_step, Duration(1));
}

LookTimes Evaluation::look_times(const TimeShift& shift, const Timeline& timeline) const {
  const std::int64_t offset = offset_of(*this, shift).count();
  LookTimes times;
  times.steps = timeline.steps();
  const auto shifted = [offset](Timestamp t) { return bounded(bounded(to_ms(t)) - offset); };
  switch (shift.at) {
    case AtKind::kNone:
      times.first_ms = shifted(timeline.start);
      times.step_ms = timeline.step.count();
      break;
    case AtKind::kTimestamp:
      times.first_ms = shifted(shift.at_time);
      break;
    case AtKind::kStart:
      times.first_ms = shifted(query.start);
      break;
    case AtKind::kEnd:
      times.first_ms = shifted(query.end);
      break;
  }
  return times;
}

Duration Evaluation::offset(const TimeShift& shift) const {
  return offset_of(*this, shift);
}

Timeline Evaluation::subquery_timeline(const Subquery& node, const Timeline& timeline) const {
  const LookTimes times = look_times(node.shift, timeline);
  const std::int64_t step = step_of(node).count();
  const std::int64_t before = times.first_ms - window_of(node).count();
  // The first multiple of the step within the window; before Prometheus 3 also at its very start.
  std::int64_t start = step * (before / step);
  if (options.version_2 ? start < before : start <= before) start += step;
  const Timeline inner{from_ms(start), from_ms(times.last_ms()), Duration(step)};
  check_steps(inner, node.range);
  return inner;
}

bool Evaluation::step_invariant(const Node& node) {
  const auto known = invariant_.find(&node);
  if (known != invariant_.end()) return known->second;
  const auto of = [this](const NodePtr& child) { return !child || step_invariant(*child); };
  bool result = false;
  switch (node.kind) {
    case NodeKind::kNumber:
    case NodeKind::kString:
    case NodeKind::kStepInvariant:
      result = true;
      break;
    case NodeKind::kVectorSelector:
      result = has_fixed_time(static_cast<const VectorSelector&>(node).shift);
      break;
    case NodeKind::kMatrixSelector:
      result = has_fixed_time(static_cast<const MatrixSelector&>(node).vector->shift);
      break;
    case NodeKind::kSubquery:
      result = has_fixed_time(static_cast<const Subquery&>(node).shift);
      break;
    case NodeKind::kAggregate:
      // As in Prometheus the parameter has no say.
      result = of(static_cast<const Aggregate&>(node).argument);
      break;
    case NodeKind::kBinary: {
      const auto& binary = static_cast<const Binary&>(node);
      result = of(binary.left) && of(binary.right);
      break;
    }
    case NodeKind::kUnary:
      result = of(static_cast<const Unary&>(node).operand);
      break;
    case NodeKind::kParen:
      result = of(static_cast<const Paren&>(node).inner);
      break;
    case NodeKind::kCall: {
      const auto& call = static_cast<const Call&>(node);
      result = std::all_of(call.arguments.begin(), call.arguments.end(), of);
      if (result && depends_on_time(call.function->name)) {
        // A sample's own timestamp does not change, a computed value's is the step's.
        result = call.function->name == "timestamp" &&
                 unwrap(*call.arguments.front()).kind == NodeKind::kVectorSelector;
      }
      break;
    }
    case NodeKind::kDurationExpr:
      break;
  }
  invariant_.emplace(&node, result);
  return result;
}

}  // namespace tocsin::promql
