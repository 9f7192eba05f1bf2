#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/time.h"

namespace tocsin {

/// Counts of latencies in buckets whose width is at most 1/128 of their value, so that any quantile
/// is right to 0.8 % (log-linear, as HdrHistogram). From 0 ns to about 146 years. Memory grows with
/// the range seen, at most 58 KB; adding never allocates after the first value of a magnitude.
class LatencyHistogram {
 public:
  /// Negative values count as 0.
  void add(Nanos value, std::uint64_t times = 1);
  void merge(const LatencyHistogram& other);

  std::uint64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  Nanos min() const { return empty() ? Nanos(0) : min_; }
  Nanos max() const { return max_; }
  /// Nearest-rank: the value below or at which the share q of the samples lies; q in [0, 1]. The
  /// upper end of its bucket, never above max(). 0 when empty.
  Nanos quantile(double q) const;
  Nanos mean() const;
  /// Samples at or below `limit`, exact but for the bucket that holds it.
  std::uint64_t count_at_most(Nanos limit) const;

  /// For saving: (bucket index, count) of the buckets that are not empty.
  struct Bucket {
    std::uint32_t index = 0;
    std::uint64_t count = 0;
  };
  std::vector<Bucket> buckets() const;
  /// The inverse of buckets(), min(), max() and the sum of values.
  static LatencyHistogram from_buckets(const std::vector<Bucket>& buckets, Nanos min, Nanos max,
                                       double sum_ns);
  double sum_ns() const { return sum_ns_; }
  /// Largest value that falls into a bucket.
  static Nanos upper_bound(std::uint32_t index);

  bool operator==(const LatencyHistogram& other) const = default;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  double sum_ns_ = 0;
  Nanos min_ = Nanos::max();
  Nanos max_{0};
};

}  // namespace tocsin
