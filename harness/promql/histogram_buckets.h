#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/model/native_histogram.h"

/// Native histograms' buckets as flat lists. Spans are how they are stored, lists of (index, count)
/// in index order are how they are computed with.

namespace tocsin::promql {

struct IndexedCount {
  std::int32_t index = 0;
  double count = 0;
};

/// A bucket with its bounds.
struct HistogramBucket {
  double lower = 0;
  double upper = 0;
  double count = 0;
  bool lower_inclusive = false;
  bool upper_inclusive = false;
  std::int32_t index = 0;

  /// Which share of the observations lies below v, strictly inside finite bounds: by interpolation,
  /// linear or, as exponential buckets want it, on a logarithmic scale.
  double fraction_below(double v, bool linear) const;
};

inline bool has_custom_buckets(const NativeHistogram& h) {
  return h.schema == NativeHistogram::kCustomBuckets;
}

std::vector<IndexedCount> indexed(std::span<const NativeHistogram::Span> spans,
                                  std::span<const double> counts);
/// The inverse: adjacent indices share a span.
void store(std::span<const IndexedCount> buckets, std::vector<NativeHistogram::Span>& spans,
           std::vector<double>& counts);
/// With the buckets of a coarser exponential schema.
std::vector<IndexedCount> coarsened(std::span<const IndexedCount> buckets, int schema,
                                    int coarser_schema);
/// Takes out empty buckets and spans.
void compact(NativeHistogram& h);

/// Upper bound of a bucket; of a negative one, the absolute value of its lower bound.
double bucket_bound(const NativeHistogram& h, std::int32_t index);
/// In index order: ascending, or descending for the negative ones.
std::vector<HistogramBucket> positive_buckets(const NativeHistogram& h);
std::vector<HistogramBucket> negative_buckets(const NativeHistogram& h);
HistogramBucket zero_bucket(const NativeHistogram& h);
/// All buckets from the lowest to the highest, the zero bucket among them unless it is empty;
/// buckets that it cuts into end where it begins.
std::vector<HistogramBucket> all_buckets(const NativeHistogram& h);

/// Same buckets, counts and sum, bit for bit; whether spans are cut alike does not matter, nor do
/// counter reset hints.
bool equal_histograms(const NativeHistogram& a, const NativeHistogram& b);
/// Whether two lists of spans lay out the same buckets.
bool equal_layout(std::span<const NativeHistogram::Span> a,
                  std::span<const NativeHistogram::Span> b);

/// What a histogram's zero bucket would count with a larger threshold, and the threshold, which
/// grows further when it would cut a bucket that has observations.
struct WidenedZero {
  double count = 0;
  double threshold = 0;
};
WidenedZero widened_zero(double zero_count, double threshold, int schema,
                         std::span<const IndexedCount> positive,
                         std::span<const IndexedCount> negative);

}  // namespace tocsin::promql
