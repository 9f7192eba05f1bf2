#pragma once

#include <span>
#include <vector>

#include "harness/promql/compensated_sum.h"
#include "harness/promql/histogram_buckets.h"

/// Arithmetic on native histograms, as Prometheus' FloatHistogram has it.

namespace tocsin::promql {

/// What came of combining two histograms.
struct Combined {
  bool compatible = true;          ///< else one has exponential buckets and the other custom ones
  bool reset_collision = false;    ///< one says "reset", the other "not reset"
  bool bounds_reconciled = false;  ///< custom bounds differed; those of both were kept
};

/// A compensated sum of histograms.
class HistogramSum {
 public:
  explicit HistogramSum(const NativeHistogram& first);

  Combined add(const NativeHistogram& other) { return combine(other, 1); }
  Combined subtract(const NativeHistogram& other) { return combine(other, -1); }
  void scale(double factor);
  bool overflows() const;
  NativeHistogram value() const;

 private:
  struct Slot {
    std::int32_t index = 0;
    CompensatedSum total;
  };
  using Slots = std::vector<Slot>;

  Combined combine(const NativeHistogram& other, double sign);
  bool merge_hint(CounterResetHint other);
  double reconciled_zero(const NativeHistogram& other);
  void swallow_in_zero(Slots& slots) const;
  void coarsen(int schema);
  void intersect_bounds(std::span<const double> other_bounds);
  void merge(Slots& slots, std::span<const IndexedCount> buckets, double sign) const;

  NativeHistogram shape_;  ///< all but counts and buckets
  CompensatedSum count_;
  CompensatedSum sum_;
  CompensatedSum zero_;
  Slots positive_;
  Slots negative_;
};

/// In place; nothing changes when the two are not compatible.
Combined add(NativeHistogram& to, const NativeHistogram& other);
Combined subtract(NativeHistogram& from, const NativeHistogram& other);
void multiply(NativeHistogram& h, double factor);
void divide(NativeHistogram& h, double divisor);

/// Whether a counter histogram was reset between two samples.
bool was_reset(const NativeHistogram& now, const NativeHistogram& before);
/// To a coarser exponential schema.
void reduce_resolution(NativeHistogram& h, int schema);
/// The operators </ (keep what is below the bound) and >/ (keep what is above).
enum class TrimSide { kKeepBelow, kKeepAbove };
void trim(NativeHistogram& h, double bound, TrimSide side);

}  // namespace tocsin::promql
