#include "harness/promql/histogram_math.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/promql/exponential_bounds.h"
#include "harness/promql/numbers.h"

namespace tocsin::promql {
namespace {

/// Whether any bucket of `before` has shrunk; both in index order with equal bounds.
bool any_shrunk(std::span<const IndexedCount> now, std::span<const IndexedCount> before) {
  auto current = now.begin();
  for (const auto& [index, count] : before) {
    while (current != now.end() && current->index < index) ++current;
    const bool exists = current != now.end() && current->index == index;
    if (exists ? current->count < count : count != 0) return true;
  }
  return false;
}

/// In the schema of another histogram, without the buckets that lie in its zero bucket.
std::vector<IndexedCount> comparable(std::span<const NativeHistogram::Span> spans,
                                     std::span<const double> counts, int schema,
                                     const NativeHistogram& to) {
  std::vector<IndexedCount> list = indexed(spans, counts);
  if (schema > to.schema) list = coarsened(list, schema, to.schema);
  const auto outside = std::find_if(list.begin(), list.end(), [&](const IndexedCount& bucket) {
    return exponential_bound(bucket.index, to.schema) > to.zero_threshold;
  });
  list.erase(list.begin(), outside);
  return list;
}

/// Observations between the bounds that two histograms with custom buckets share.
bool shrunk_between_common_bounds(const NativeHistogram& now, const NativeHistogram& before) {
  std::vector<double> common;
  std::set_intersection(now.custom_bounds.begin(), now.custom_bounds.end(),
                        before.custom_bounds.begin(), before.custom_bounds.end(),
                        std::back_inserter(common));
  common.push_back(kInfinity);
  const auto sums = [&](const NativeHistogram& h) {
    std::vector<double> result(common.size(), 0.0);
    for (const HistogramBucket& bucket : positive_buckets(h)) {
      const auto at = std::lower_bound(common.begin(), common.end(), bucket.upper);
      result[static_cast<std::size_t>(at - common.begin())] += bucket.count;
    }
    return result;
  };
  const std::vector<double> current = sums(now);
  const std::vector<double> previous = sums(before);
  for (std::size_t i = 0; i < common.size(); ++i) {
    if (current[i] < previous[i]) return true;
  }
  return false;
}

/// The part of a bucket that a trim keeps, and where its observations are taken to lie.
struct Kept {
  double count = 0;
  double midpoint = 0;
};

double midpoint_of(double lower, double upper, bool positive, bool linear) {
  if (std::isinf(lower)) {
    if (std::isinf(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (std::isinf(upper)) return lower;
  if (linear) return (lower + upper) / 2;
  const double geometric = std::sqrt(std::abs(lower * upper));
  return positive ? geometric : -geometric;
}

double zero_if_infinite(double value) {
  return std::isinf(value) ? 0 : value;
}

/// A bucket without a lower or upper end: how its observations lie is anyone's guess, unless zero
/// bounds them.
Kept part_of_open_bucket(const HistogramBucket& b, double bound, TrimSide side) {
  if (std::isinf(b.lower)) {
    if (side == TrimSide::kKeepBelow) {
      if (bound >= b.upper) return {b.count, 0};
      if (bound > 0 && b.upper > 0 && !std::isinf(b.upper)) {
        return {b.count * bound / b.upper, bound / 2};
      }
      if (b.upper <= 0) return {b.count, bound};
      return {0, zero_if_infinite(b.upper)};
    }
    if (bound <= b.lower) return {b.count, 0};
    if (bound >= 0 && b.upper > bound && !std::isinf(b.upper)) {
      return {b.count * (1 - bound / b.upper), (bound + b.upper) / 2};
    }
    return {0, zero_if_infinite(b.upper)};
  }
  if (side == TrimSide::kKeepBelow || bound < b.lower) return {0, zero_if_infinite(b.lower)};
  return {b.count, bound};
}

Kept kept_of(const HistogramBucket& b, double bound, TrimSide side, bool positive, bool linear) {
  const bool below = side == TrimSide::kKeepBelow;
  if (below ? b.upper <= bound : b.lower >= bound) {
    return {b.count, midpoint_of(b.lower, b.upper, positive, linear)};
  }
  if (below ? !(b.lower < bound) : !(b.upper > bound)) return {0, 0};
  if (std::isinf(b.lower) || std::isinf(b.upper)) return part_of_open_bucket(b, bound, side);
  const double under = b.count * b.fraction_below(bound, linear);
  if (below) return {under, midpoint_of(b.lower, bound, positive, linear)};
  return {b.count - under, midpoint_of(bound, b.upper, positive, linear)};
}

Kept kept_of_zero(const NativeHistogram& h, double bound, TrimSide side, bool has_negative,
                  bool has_positive) {
  const double lower = has_positive && !has_negative ? 0 : -h.zero_threshold;
  const double upper = has_negative && !has_positive ? 0 : h.zero_threshold;
  const bool below = side == TrimSide::kKeepBelow;
  const Kept all{h.zero_count, (lower + upper) / 2};
  if (bound <= lower) return below ? Kept{} : all;
  if (bound >= upper) return below ? all : Kept{};
  if (below) return {h.zero_count * ((bound - lower) / (upper - lower)), (lower + bound) / 2};
  return {h.zero_count * ((upper - bound) / (upper - lower)), (bound + upper) / 2};
}

}  // namespace

void multiply(NativeHistogram& h, double factor) {
  h.zero_count *= factor;
  h.count *= factor;
  h.sum *= factor;
  for (double& count : h.positive_buckets) count *= factor;
  for (double& count : h.negative_buckets) count *= factor;
  if (factor < 0) h.hint = CounterResetHint::kGauge;
}

void divide(NativeHistogram& h, double divisor) {
  h.zero_count /= divisor;
  h.count /= divisor;
  h.sum /= divisor;
  if (divisor == 0) {
    h.positive_spans.clear();
    h.negative_spans.clear();
    h.positive_buckets.clear();
    h.negative_buckets.clear();
    return;
  }
  for (double& count : h.positive_buckets) count /= divisor;
  for (double& count : h.negative_buckets) count /= divisor;
  if (divisor < 0) h.hint = CounterResetHint::kGauge;
}

bool was_reset(const NativeHistogram& now, const NativeHistogram& before) {
  if (now.hint == CounterResetHint::kReset) return true;
  if (now.hint == CounterResetHint::kNotReset) return false;
  if (now.count < before.count) return true;
  if (has_custom_buckets(now)) {
    if (!has_custom_buckets(before)) return true;
    if (now.custom_bounds != before.custom_bounds) {
      return shrunk_between_common_bounds(now, before);
    }
    return any_shrunk(indexed(now.positive_spans, now.positive_buckets),
                      indexed(before.positive_spans, before.positive_buckets));
  }
  if (now.schema > before.schema || now.zero_threshold < before.zero_threshold) return true;
  if (now.zero_threshold != before.zero_threshold) {
    const WidenedZero zero = widened_zero(before.zero_count, now.zero_threshold, before.schema,
                                          indexed(before.positive_spans, before.positive_buckets),
                                          indexed(before.negative_spans, before.negative_buckets));
    if (zero.threshold != now.zero_threshold || now.zero_count < zero.count) return true;
  } else if (now.zero_count < before.zero_count) {
    return true;
  }
  return any_shrunk(
             comparable(now.positive_spans, now.positive_buckets, now.schema, now),
             comparable(before.positive_spans, before.positive_buckets, before.schema, now)) ||
         any_shrunk(comparable(now.negative_spans, now.negative_buckets, now.schema, now),
                    comparable(before.negative_spans, before.negative_buckets, before.schema, now));
}

void reduce_resolution(NativeHistogram& h, int schema) {
  if (schema >= h.schema || has_custom_buckets(h)) return;
  store(coarsened(indexed(h.positive_spans, h.positive_buckets), h.schema, schema),
        h.positive_spans, h.positive_buckets);
  store(coarsened(indexed(h.negative_spans, h.negative_buckets), h.schema, schema),
        h.negative_spans, h.negative_buckets);
  h.schema = schema;
}

void trim(NativeHistogram& h, double bound, TrimSide side) {
  const bool linear = has_custom_buckets(h);
  double count = 0;
  double sum = 0;
  bool trimmed = false;
  const auto trim_buckets = [&](const std::vector<HistogramBucket>& buckets,
                                std::vector<double>& counts, bool positive) {
    bool any = false;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      if (buckets[i].count == 0) continue;
      any = true;
      const Kept kept = kept_of(buckets[i], bound, side, positive, linear);
      count += kept.count;
      sum += kept.midpoint * kept.count;
      trimmed = trimmed || kept.count != counts[i];
      counts[i] = kept.count;
    }
    return any;
  };
  const bool has_positive = trim_buckets(positive_buckets(h), h.positive_buckets, true);
  const bool has_negative = trim_buckets(negative_buckets(h), h.negative_buckets, false);
  if (h.zero_count > 0) {
    const Kept kept = kept_of_zero(h, bound, side, has_negative, has_positive);
    trimmed = trimmed || kept.count != h.zero_count;
    h.zero_count = kept.count;
    count += kept.count;
    sum += kept.midpoint * kept.count;
  }
  if (!trimmed) return;
  h.count = count;
  h.sum = sum;
  compact(h);
}

}  // namespace tocsin::promql
