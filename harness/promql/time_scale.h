#pragma once

#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/promql/parser.h"

namespace tocsin::promql {

struct ScaledExpression {
  Expression expression;
  /// What has a meaning of its own in seconds and was left as it is, e.g. a comparison with time().
  std::vector<std::string> unscaled;
};

/// Divides every duration of an expression by `factor` (> 0): windows, offsets, subquery steps,
/// duration arithmetic. For live runs with --time-scale: rate(x[5m]) becomes rate(x[5s]) at 60. A
/// duration that would fall below a millisecond is an error. `@` times are left alone and reported,
/// as are time(), timestamp(), date functions, predict_linear's horizon, numbers written as
/// durations, and what increase() amounts to, since rates stay what they are.
Result<ScaledExpression> scale_time(const Expression& expression, double factor);

}  // namespace tocsin::promql
