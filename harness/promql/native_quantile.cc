#include "harness/promql/native_quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "harness/promql/compensated_sum.h"
#include "harness/promql/histogram_buckets.h"
#include "harness/promql/numbers.h"

namespace tocsin::promql {
namespace {

/// A zero bucket of a histogram with observations on one side only ends at zero on the other.
void narrow_zero_bucket(HistogramBucket& bucket, const NativeHistogram& h) {
  if (h.negative_buckets.empty() && !h.positive_buckets.empty()) {
    bucket.lower = 0;
  } else if (h.positive_buckets.empty() && !h.negative_buckets.empty()) {
    bucket.upper = 0;
  }
}

/// A value at a share of a bucket's width.
double within(const HistogramBucket& bucket, double share, bool custom) {
  if (custom || (bucket.lower <= 0 && bucket.upper >= 0)) {
    return bucket.lower + (bucket.upper - bucket.lower) * share;
  }
  const double log_lower = std::log2(std::abs(bucket.lower));
  const double log_upper = std::log2(std::abs(bucket.upper));
  if (bucket.lower > 0) return std::exp2(log_lower + (log_upper - log_lower) * share);
  return -std::exp2(log_upper + (log_lower - log_upper) * (1 - share));
}

}  // namespace

NativeEstimate native_quantile(double q, const NativeHistogram& h) {
  if (q < 0) return {-kInfinity};
  if (q > 1) return {kInfinity};
  if (h.count == 0 || std::isnan(q)) return {kNan};
  const bool custom = has_custom_buckets(h);
  const bool may_have_nans = std::isnan(h.sum);
  // From whichever end is nearer; NaN observations count as if they lay above all buckets.
  const bool forward = may_have_nans || q < 0.5;
  std::vector<HistogramBucket> buckets = all_buckets(h);
  if (!forward) std::reverse(buckets.begin(), buckets.end());
  double rank = (forward ? q : 1 - q) * h.count;
  HistogramBucket bucket;
  double count = 0;
  std::size_t next = 0;
  while (next < buckets.size()) {
    bucket = buckets[next++];
    if (bucket.count == 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  if (custom) {
    if (bucket.lower == -kInfinity) {
      if (bucket.upper <= 0) return {bucket.upper};
      bucket.lower = 0;
    } else if (bucket.upper == kInfinity) {
      return {bucket.lower};
    }
  } else if (bucket.lower < 0 && bucket.upper > 0) {
    narrow_zero_bucket(bucket, h);
  }
  count = std::min(count, h.count);
  if (count < rank) {
    if (may_have_nans) return {kNan, NanEffect::kResultIsNan};
    return {bucket.upper};
  }
  rank = forward ? rank - (count - bucket.count) : count - rank;
  NativeEstimate estimate;
  if (may_have_nans) {
    for (; next < buckets.size(); ++next) count += buckets[next].count;
    if (count < h.count) estimate.nans = NanEffect::kSkewed;
  }
  estimate.value = within(bucket, rank / bucket.count, custom);
  return estimate;
}

NativeEstimate native_fraction(double lower, double upper, const NativeHistogram& h) {
  if (h.count == 0 || std::isnan(lower) || std::isnan(upper)) return {kNan};
  if (lower >= upper) return {0};
  const bool custom = has_custom_buckets(h);
  double below = 0;  // observations in the buckets so far
  double in_buckets = 0;
  std::optional<double> lower_rank;
  std::optional<double> upper_rank;
  const auto locate = [&](std::optional<double>& rank, double v, const HistogramBucket& b,
                          bool zero) {
    if (rank) return;
    if (b.lower >= v) {
      rank = below;
    } else if (b.upper > v) {
      // Nothing is known of how observations lie in a bucket without a lower end.
      rank = b.lower == -kInfinity && (custom || zero)
                 ? b.count
                 : below + b.count * b.fraction_below(v, custom || zero);
    }
  };
  for (HistogramBucket bucket : all_buckets(h)) {
    in_buckets += bucket.count;
    if (lower_rank && upper_rank) continue;
    const bool zero = bucket.lower <= 0 && bucket.upper >= 0;
    if (zero) narrow_zero_bucket(bucket, h);
    locate(lower_rank, lower, bucket, zero);
    locate(upper_rank, upper, bucket, zero);
    below += bucket.count;
  }
  NativeEstimate estimate;
  double most = h.count;
  if (std::isnan(h.sum)) {
    most = in_buckets;
    if (in_buckets < h.count) estimate.nans = NanEffect::kExcluded;
  }
  const auto bounded = [most](const std::optional<double>& rank) {
    return rank && !(*rank > most) ? *rank : most;
  };
  estimate.value = (bounded(upper_rank) - bounded(lower_rank)) / h.count;
  return estimate;
}

double native_variance(const NativeHistogram& h) {
  const double mean = h.sum / h.count;
  CompensatedSum squares;
  for (const HistogramBucket& bucket : all_buckets(h)) {
    if (bucket.count == 0) continue;
    double middle = 0;
    if (has_custom_buckets(h)) {
      middle = (bucket.upper + bucket.lower) / 2;
    } else if (!(bucket.lower <= 0 && bucket.upper >= 0)) {
      middle = std::sqrt(bucket.upper * bucket.lower);
      if (bucket.upper < 0) middle = -middle;
    }
    const double delta = middle - mean;
    squares.add(bucket.count * delta * delta);
  }
  return squares.value() / h.count;
}

}  // namespace tocsin::promql
