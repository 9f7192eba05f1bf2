#pragma once

#include <cmath>

namespace tocsin::promql {

/// A sum that carries its rounding error along (Kahan, in Neumaier's form), as Prometheus adds. The
/// error of one addition is found by Knuth's branch-free two-sum, which gives the same bits.
struct CompensatedSum {
  double sum = 0;
  double error = 0;

  void add(double value) {
    const double next = sum + value;
    const double part = next - sum;
    const double lost = (sum - (next - part)) + (value - part);
    sum = next;
    // Infinities have no rounding error, and what two-sum makes of them is NaN.
    error = std::abs(next) <= kLargest ? error + lost : 0;
  }
  void add(const CompensatedSum& other) {
    add(other.sum);
    if (std::abs(sum) <= kLargest) error += other.error;
  }
  double value() const { return std::isinf(sum) ? sum : sum + error; }

  static constexpr double kLargest = 1.7976931348623157e308;
};

}  // namespace tocsin::promql
