#pragma once

#include "harness/promql/evaluation.h"

namespace tocsin::promql {

/// Binary operators between scalars, but for set and trim operators; comparisons give 0 or 1.
double apply(BinaryOp op, double left, double right);
/// Go's math.Max and math.Min: an infinity on the side that is looked for wins, then a NaN.
double go_max(double a, double b);
double go_min(double a, double b);

/// One binary operator applied to whole columns: values where both sides have one; comparisons keep
/// the left value where they hold, or give 0 and 1 everywhere (`bool`).
class Elementwise {
 public:
  /// `range` is where annotations point to.
  Elementwise(Evaluation& evaluation, BinaryOp op, TextRange range, bool return_bool)
      : evaluation_(evaluation), op_(op), range_(range), return_bool_(return_bool) {}

  /// Whether the result is no longer the metric that it was.
  bool changes_meaning() const;
  /// Into `out`, which is one of the two, at the steps that `out` has.
  void apply(const Row& left, const Row& right, Row& out);
  /// In place; the scalar is on the right, or `swapped` on the left. What a comparison keeps is the
  /// vector's value on either side.
  void apply(Row& row, const ScalarColumn& scalar, bool swapped);
  /// Of the last apply(): the steps at which both sides went together, kept or filtered out.
  const Presence& combined() const { return combined_; }

 private:
  template <class Left, class Right>
  void floats(Left left, Right right, const double* kept, Row& out);
  template <class Left, class Right, class Test>
  void compare(Left left, Right right, Test test, const double* kept, Row& out);
  void mixed(const Row* left, const ScalarColumn* left_scalar, const Row* right,
             const ScalarColumn* right_scalar, Row& out);

  Evaluation& evaluation_;
  BinaryOp op_;
  TextRange range_;
  bool return_bool_;
  Presence combined_;
};

void negate(Row& row);

}  // namespace tocsin::promql
