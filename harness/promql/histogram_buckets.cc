#include "harness/promql/histogram_buckets.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "harness/promql/compensated_sum.h"
#include "harness/promql/exponential_bounds.h"
#include "harness/promql/numbers.h"

namespace tocsin::promql {
namespace {

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same_bits(std::span<const double> a, std::span<const double> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return same_bits(x, y); });
}

std::vector<HistogramBucket> bounded(const NativeHistogram& h, bool positive) {
  const std::vector<IndexedCount> list = positive ? indexed(h.positive_spans, h.positive_buckets)
                                                  : indexed(h.negative_spans, h.negative_buckets);
  std::vector<HistogramBucket> buckets;
  buckets.reserve(list.size());
  for (const auto& [index, count] : list) {
    HistogramBucket bucket;
    bucket.index = index;
    bucket.count = count;
    const double outer = bucket_bound(h, index);
    const double inner = bucket_bound(h, index - 1);
    bucket.lower = positive ? inner : -outer;
    bucket.upper = positive ? outer : -inner;
    if (has_custom_buckets(h)) {
      bucket.lower_inclusive = index == 0;
      bucket.upper_inclusive = true;
    } else {
      bucket.lower_inclusive = bucket.lower < 0;
      bucket.upper_inclusive = bucket.upper > 0;
    }
    buckets.push_back(bucket);
  }
  return buckets;
}

/// The indices that spans cover, span by span, empty ones joined with what follows.
std::vector<NativeHistogram::Span> normalised(std::span<const NativeHistogram::Span> spans) {
  std::vector<NativeHistogram::Span> result;
  std::int32_t gap = 0;
  for (const NativeHistogram::Span& span : spans) {
    gap += span.offset;
    if (span.length == 0) continue;
    if (!result.empty() && gap == 0) {
      result.back().length += span.length;
    } else {
      result.push_back({gap, span.length});
    }
    gap = 0;
  }
  return result;
}

}  // namespace

double HistogramBucket::fraction_below(double v, bool linear) const {
  if (linear) return (v - lower) / (upper - lower);
  const double log_lower = std::log2(std::abs(lower));
  const double log_upper = std::log2(std::abs(upper));
  const double log_v = std::log2(std::abs(v));
  if (v > 0) return (log_v - log_lower) / (log_upper - log_lower);
  return 1 - (log_v - log_upper) / (log_lower - log_upper);
}

std::vector<IndexedCount> indexed(std::span<const NativeHistogram::Span> spans,
                                  std::span<const double> counts) {
  std::vector<IndexedCount> buckets;
  buckets.reserve(counts.size());
  std::int32_t index = 0;
  for (const NativeHistogram::Span& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && buckets.size() < counts.size(); ++i) {
      buckets.push_back({index++, counts[buckets.size()]});
    }
  }
  return buckets;
}

void store(std::span<const IndexedCount> buckets, std::vector<NativeHistogram::Span>& spans,
           std::vector<double>& counts) {
  spans.clear();
  counts.clear();
  std::int32_t next = 0;
  for (const auto& [index, count] : buckets) {
    if (!spans.empty() && index == next) {
      ++spans.back().length;
    } else {
      spans.push_back({index - next, 1});
    }
    counts.push_back(count);
    next = index + 1;
  }
}

std::vector<IndexedCount> coarsened(std::span<const IndexedCount> buckets, int schema,
                                    int coarser_schema) {
  std::vector<IndexedCount> result;
  for (const auto& [index, count] : buckets) {
    const std::int32_t target = ((index - 1) >> (schema - coarser_schema)) + 1;
    if (!result.empty() && result.back().index == target) {
      result.back().count += count;
    } else {
      result.push_back({target, count});
    }
  }
  return result;
}

void compact(NativeHistogram& h) {
  const auto without_empty = [](std::vector<NativeHistogram::Span>& spans,
                                std::vector<double>& counts) {
    std::vector<IndexedCount> buckets = indexed(spans, counts);
    std::erase_if(buckets, [](const IndexedCount& bucket) { return bucket.count == 0; });
    store(buckets, spans, counts);
  };
  without_empty(h.positive_spans, h.positive_buckets);
  without_empty(h.negative_spans, h.negative_buckets);
}

double bucket_bound(const NativeHistogram& h, std::int32_t index) {
  if (!has_custom_buckets(h)) return exponential_bound(index, h.schema);
  if (index < 0) return -kInfinity;
  const auto i = static_cast<std::size_t>(index);
  return i < h.custom_bounds.size() ? h.custom_bounds[i] : kInfinity;
}

std::vector<HistogramBucket> positive_buckets(const NativeHistogram& h) {
  return bounded(h, true);
}

std::vector<HistogramBucket> negative_buckets(const NativeHistogram& h) {
  return bounded(h, false);
}

HistogramBucket zero_bucket(const NativeHistogram& h) {
  return {-h.zero_threshold, h.zero_threshold, h.zero_count, true, true, 0};
}

std::vector<HistogramBucket> all_buckets(const NativeHistogram& h) {
  std::vector<HistogramBucket> all = negative_buckets(h);
  std::reverse(all.begin(), all.end());
  for (HistogramBucket& bucket : all) {
    if (bucket.upper < 0 && bucket.upper > -h.zero_threshold) bucket.upper = -h.zero_threshold;
  }
  if (h.zero_count > 0) all.push_back(zero_bucket(h));
  for (HistogramBucket bucket : positive_buckets(h)) {
    if (bucket.lower > 0 && bucket.lower < h.zero_threshold) bucket.lower = h.zero_threshold;
    all.push_back(bucket);
  }
  return all;
}

bool equal_layout(std::span<const NativeHistogram::Span> a,
                  std::span<const NativeHistogram::Span> b) {
  return normalised(a) == normalised(b);
}

bool equal_histograms(const NativeHistogram& a, const NativeHistogram& b) {
  return a.schema == b.schema && same_bits(a.count, b.count) && same_bits(a.sum, b.sum) &&
         (!has_custom_buckets(a) || a.custom_bounds == b.custom_bounds) &&
         a.zero_threshold == b.zero_threshold && same_bits(a.zero_count, b.zero_count) &&
         equal_layout(a.negative_spans, b.negative_spans) &&
         same_bits(a.negative_buckets, b.negative_buckets) &&
         equal_layout(a.positive_spans, b.positive_spans) &&
         same_bits(a.positive_buckets, b.positive_buckets);
}

WidenedZero widened_zero(double zero_count, double threshold, int schema,
                         std::span<const IndexedCount> positive,
                         std::span<const IndexedCount> negative) {
  // The negative side mirrors the positive one. It is looked at second, and when it widens the
  // threshold, all is counted anew.
  for (;;) {
    CompensatedSum count{zero_count, 0};
    for (const auto& [index, in_bucket] : positive) {
      if (exponential_bound(index - 1, schema) >= threshold) break;
      count.add(in_bucket);
      const double upper = exponential_bound(index, schema);
      if (upper > threshold) {
        if (in_bucket != 0) threshold = upper;
        break;
      }
    }
    bool widened = false;
    for (const auto& [index, in_bucket] : negative) {
      if (exponential_bound(index - 1, schema) >= threshold) break;
      count.add(in_bucket);
      const double outer = exponential_bound(index, schema);
      if (outer > threshold) {
        widened = in_bucket != 0;
        if (widened) threshold = outer;
        break;
      }
    }
    if (!widened) return {count.value(), threshold};
  }
}

}  // namespace tocsin::promql
