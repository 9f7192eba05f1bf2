#include "harness/backtest/answer_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tocsin::backtest {
namespace {

using Bucket = AnswerHistogram::Bucket;

constexpr int kZeroBucket = 3;
constexpr int kLeastSchema = -4;
constexpr int kMostSchema = 8;

/// One bucket of one side, by the bound that is farther from zero.
struct Indexed {
  std::int32_t index = 0;
  double count = 0;
};

/// The schema in which a bucket reaches from `near` to `far`, both > 0.
std::optional<int> schema_of(double near, double far) {
  const double factor = std::log2(far / near);  // 2^-schema
  if (!(factor > 0) || std::isinf(factor)) return std::nullopt;
  const double schema = -std::log2(factor);
  const double nearest = std::round(schema);
  if (std::fabs(schema - nearest) > 1e-3) return std::nullopt;
  if (nearest < kLeastSchema || nearest > kMostSchema) return std::nullopt;
  return static_cast<int>(nearest);
}

/// Spans and counts of ascending indices.
void fill(const std::vector<Indexed>& buckets, std::vector<NativeHistogram::Span>& spans,
          std::vector<double>& counts) {
  std::int32_t next = 0;
  for (const Indexed& bucket : buckets) {
    if (spans.empty() || bucket.index != next) spans.push_back({bucket.index - next, 0});
    ++spans.back().length;
    counts.push_back(bucket.count);
    next = bucket.index + 1;
  }
}

std::optional<NativeHistogram> exponential(const AnswerHistogram& answer) {
  NativeHistogram histogram;
  std::optional<int> schema;
  std::vector<Indexed> positive;
  std::vector<Indexed> negative;
  for (const Bucket& bucket : answer.buckets) {
    if (bucket.rule == kZeroBucket) {
      histogram.zero_threshold = bucket.upper;
      histogram.zero_count = bucket.count;
      continue;
    }
    const bool is_negative = bucket.upper <= 0;
    const double near = is_negative ? -bucket.upper : bucket.lower;
    const double far = is_negative ? -bucket.lower : bucket.upper;
    if (!(near > 0) || !(far > near)) return std::nullopt;
    if (std::isinf(far)) {
      // The bucket beyond the largest number: its schema shows in the others.
      if (!schema) return std::nullopt;
    } else {
      const std::optional<int> found = schema_of(near, far);
      if (!found || (schema && *schema != *found)) return std::nullopt;
      schema = found;
    }
    const double index = std::round(std::log2(near) * std::ldexp(1, *schema)) + 1;
    (is_negative ? negative : positive).push_back({static_cast<std::int32_t>(index), bucket.count});
  }
  std::reverse(negative.begin(), negative.end());
  histogram.schema = schema.value_or(0);
  histogram.count = answer.count;
  histogram.sum = answer.sum;
  fill(positive, histogram.positive_spans, histogram.positive_buckets);
  fill(negative, histogram.negative_spans, histogram.negative_buckets);
  return histogram;
}

std::optional<NativeHistogram> custom(const AnswerHistogram& answer) {
  NativeHistogram histogram;
  histogram.schema = NativeHistogram::kCustomBuckets;
  histogram.count = answer.count;
  histogram.sum = answer.sum;
  std::vector<Indexed> buckets;
  std::vector<double>& bounds = histogram.custom_bounds;
  double last = -std::numeric_limits<double>::infinity();
  for (const Bucket& bucket : answer.buckets) {
    if (!(bucket.lower >= last) || !(bucket.upper > bucket.lower)) return std::nullopt;
    // What lies between two buckets that were counted is empty.
    if (!std::isinf(bucket.lower) && (bounds.empty() || bounds.back() < bucket.lower)) {
      bounds.push_back(bucket.lower);
    }
    buckets.push_back({static_cast<std::int32_t>(bounds.size()), bucket.count});
    if (!std::isinf(bucket.upper)) bounds.push_back(bucket.upper);
    last = bucket.upper;
  }
  fill(buckets, histogram.positive_spans, histogram.positive_buckets);
  return histogram;
}

}  // namespace

std::optional<NativeHistogram> histogram_of(const AnswerHistogram& answer) {
  std::optional<NativeHistogram> histogram = exponential(answer);
  return histogram ? histogram : custom(answer);
}

}  // namespace tocsin::backtest
