#pragma once

#include <optional>
#include <vector>

#include "harness/check/visit.h"
#include "harness/promql/ast.h"

namespace tocsin::check {

/// A comparison with a number: `value op limit`, whichever side the number is written on.
struct Condition {
  const promql::Binary* comparison = nullptr;
  const promql::Node* value = nullptr;
  promql::BinaryOp op = promql::BinaryOp::kGreater;
  double limit = 0;
};

/// Nothing when it compares no vector with a number.
std::optional<Condition> condition_of(const promql::Binary& comparison);
/// All in an expression, top down.
std::vector<Condition> conditions_in(const promql::Node& node);
/// The comparisons that decide whether an expression has a result: those at the top, and below
/// `and`, `or`, `unless`.
std::vector<const promql::Binary*> deciding(const promql::Node& node);

inline bool asks_above(promql::BinaryOp op) {
  return op == promql::BinaryOp::kGreater || op == promql::BinaryOp::kGreaterEqual;
}
inline bool asks_below(promql::BinaryOp op) {
  return op == promql::BinaryOp::kLess || op == promql::BinaryOp::kLessEqual;
}

}  // namespace tocsin::check
