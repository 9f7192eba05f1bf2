#include "harness/promql/time_scale.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/promql/functions.h"

namespace tocsin::promql {
namespace {

constexpr std::array<std::string_view, 13> kOwnSeconds = {"time",
                                                          "timestamp",
                                                          "minute",
                                                          "hour",
                                                          "day_of_week",
                                                          "day_of_month",
                                                          "day_of_year",
                                                          "days_in_month",
                                                          "month",
                                                          "year",
                                                          "predict_linear",
                                                          "ts_of_max_over_time",
                                                          "ts_of_min_over_time"};

class Scaler {
 public:
  explicit Scaler(double factor) : factor_(factor) {}

  void scale(Node& node) {
    switch (node.kind) {
      case NodeKind::kNumber:
        if (static_cast<NumberLiteral&>(node).written_as_duration) note("a number of seconds");
        return;
      case NodeKind::kVectorSelector:
        return shift(static_cast<VectorSelector&>(node).shift);
      case NodeKind::kMatrixSelector: {
        auto& matrix = static_cast<MatrixSelector&>(node);
        duration(matrix.window);
        duration_expression(matrix.window_expr);
        return shift(matrix.vector->shift);
      }
      case NodeKind::kSubquery: {
        auto& subquery = static_cast<Subquery&>(node);
        duration(subquery.window);
        duration(subquery.step);
        duration_expression(subquery.window_expr);
        duration_expression(subquery.step_expr);
        shift(subquery.shift);
        return scale(*subquery.inner);
      }
      case NodeKind::kCall: {
        auto& call = static_cast<Call&>(node);
        const std::string_view name = call.function->name;
        if (std::find(kOwnSeconds.begin(), kOwnSeconds.end(), name) != kOwnSeconds.end()) {
          note(std::string(name) + "()");
        }
        // Rates stay what they are, so a shorter window has less of it.
        if (name == "increase") note("the amount of increase()");
        for (NodePtr& argument : call.arguments) scale(*argument);
        return;
      }
      case NodeKind::kAggregate: {
        auto& aggregate = static_cast<Aggregate&>(node);
        if (aggregate.parameter) scale(*aggregate.parameter);
        return scale(*aggregate.argument);
      }
      case NodeKind::kBinary: {
        auto& binary = static_cast<Binary&>(node);
        scale(*binary.left);
        return scale(*binary.right);
      }
      case NodeKind::kUnary:
        return scale(*static_cast<Unary&>(node).operand);
      case NodeKind::kParen:
        return scale(*static_cast<Paren&>(node).inner);
      case NodeKind::kString:
      case NodeKind::kStepInvariant:
      case NodeKind::kDurationExpr:
        return;
    }
  }

  bool too_short() const { return too_short_; }
  std::vector<std::string> notes() && { return std::move(notes_); }

 private:
  void duration(Duration& d) {
    if (d.count() == 0) return;
    d = Duration(std::llround(static_cast<double>(d.count()) / factor_));
    too_short_ = too_short_ || d.count() == 0;
  }

  void duration_expression(const NodePtr& expression) {
    if (expression) note("a duration expression");
  }

  void shift(TimeShift& shift) {
    duration(shift.offset);
    duration_expression(shift.offset_expr);
    if (shift.at == AtKind::kTimestamp) note("an @ time");
  }

  void note(std::string what) {
    if (std::find(notes_.begin(), notes_.end(), what) == notes_.end()) {
      notes_.push_back(std::move(what));
    }
  }

  double factor_;
  bool too_short_ = false;
  std::vector<std::string> notes_;
};

}  // namespace

Result<ScaledExpression> scale_time(const Expression& expression, double factor) {
  ScaledExpression scaled;
  TRY(scaled.expression, parse_expression(expression.text, expression.language));
  if (factor == 1) return scaled;
  Scaler scaler(factor);
  scaler.scale(*scaled.expression.root);
  if (scaler.too_short()) {
    return input_error({}, "a duration of \"" + expression.text +
                               "\" falls below a millisecond at this time scale");
  }
  const std::string text = print(*scaled.expression.root);
  TRY(scaled.expression, parse_expression(text, expression.language));
  scaled.unscaled = std::move(scaler).notes();
  return scaled;
}

}  // namespace tocsin::promql
