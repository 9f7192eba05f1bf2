#include "harness/promql/classic_histogram.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "harness/promql/numbers.h"

namespace tocsin::promql {
namespace {

/// Counts that differ by less, relative to their size, differ by rounding only.
constexpr double kTolerance = 1e-12;

/// Buckets with equal bounds become one.
std::span<ClassicBucket> coalesced(std::span<ClassicBucket> buckets) {
  std::size_t last = 0;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper == buckets[last].upper) {
      buckets[last].count += buckets[i].count;
    } else {
      buckets[++last] = buckets[i];
    }
  }
  return buckets.first(last + 1);
}

bool almost_equal(double a, double b) {
  if (std::isnan(a) && std::isnan(b)) return true;
  if (a == b) return true;
  constexpr double kSmallestNormal = std::numeric_limits<double>::min();
  const double size = std::abs(a) + std::abs(b);
  const double difference = std::abs(a - b);
  if (a == 0 || b == 0 || size < kSmallestNormal) return difference < kTolerance * kSmallestNormal;
  return difference / std::min(size, std::numeric_limits<double>::max()) < kTolerance;
}

std::optional<AnnotationLog::MonotonicityFix> make_monotonic(std::span<ClassicBucket> buckets) {
  AnnotationLog::MonotonicityFix fix{kInfinity, -kInfinity, 0};
  bool forced = false;
  double previous = buckets.front().count;
  for (ClassicBucket& bucket : buckets.subspan(1)) {
    if (bucket.count == previous) continue;
    if (almost_equal(previous, bucket.count)) {
      bucket.count = previous;
    } else if (bucket.count < previous) {
      forced = true;
      fix.lowest_bucket = std::min(fix.lowest_bucket, bucket.upper);
      fix.highest_bucket = std::max(fix.highest_bucket, bucket.upper);
      fix.largest_decrease = std::max(fix.largest_decrease, previous - bucket.count);
      bucket.count = previous;
    } else {
      previous = bucket.count;
    }
  }
  return forced ? std::optional(fix) : std::nullopt;
}

}  // namespace

std::optional<double> parse_go_float(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text.empty() || text.front() == '-' || text.front() == '+') return std::nullopt;
  const bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  if (hex) text.remove_prefix(2);
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value,
                      hex ? std::chars_format::hex : std::chars_format::general);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) {
    return std::nullopt;
  }
  if (error == std::errc::result_out_of_range) return std::nullopt;
  return negative ? -value : value;
}

ClassicQuantile classic_quantile(double q, std::span<ClassicBucket> buckets) {
  if (std::isnan(q)) return {kNan, std::nullopt};
  if (q < 0) return {-kInfinity, std::nullopt};
  if (q > 1) return {kInfinity, std::nullopt};
  if (buckets.empty() || buckets.back().upper != kInfinity) return {kNan, std::nullopt};
  buckets = coalesced(buckets);
  ClassicQuantile result{kNan, make_monotonic(buckets)};
  if (buckets.size() < 2) return result;
  const double observations = buckets.back().count;
  if (observations == 0) return result;
  double rank = q * observations;
  const auto bounded = buckets.first(buckets.size() - 1);
  const auto b = static_cast<std::size_t>(
      std::partition_point(bounded.begin(), bounded.end(),
                           [&](const ClassicBucket& bucket) { return !(bucket.count >= rank); }) -
      bounded.begin());
  if (b == bounded.size()) {
    result.value = bounded.back().upper;
  } else if (b == 0 && buckets[0].upper <= 0) {
    result.value = buckets[0].upper;
  } else {
    double start = 0;
    double count = buckets[b].count;
    if (b > 0) {
      start = buckets[b - 1].upper;
      count -= buckets[b - 1].count;
      rank -= buckets[b - 1].count;
    }
    result.value = start + (buckets[b].upper - start) * (rank / count);
  }
  return result;
}

double classic_fraction(double lower, double upper, std::span<ClassicBucket> buckets) {
  if (buckets.empty() || buckets.back().upper != kInfinity) return kNan;
  buckets = coalesced(buckets);
  const double total = buckets.back().count;
  if (total == 0 || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  double below = 0;
  // The first bucket begins at zero unless it ends there.
  double start = buckets.front().upper <= 0 ? -kInfinity : 0;
  std::optional<double> lower_rank;
  std::optional<double> upper_rank;
  const auto locate = [&](std::optional<double>& rank, double v, const ClassicBucket& bucket) {
    if (rank) return;
    if (start >= v) {
      rank = below;
    } else if (bucket.upper > v) {
      rank = start == -kInfinity
                 ? bucket.count
                 : below + (bucket.count - below) * (v - start) / (bucket.upper - start);
    }
  };
  for (const ClassicBucket& bucket : buckets) {
    locate(lower_rank, lower, bucket);
    locate(upper_rank, upper, bucket);
    if (lower_rank && upper_rank) break;
    below = bucket.count;
    start = bucket.upper;
  }
  const auto bounded = [total](const std::optional<double>& rank) {
    return rank && !(*rank > total) ? *rank : total;
  };
  return (bounded(upper_rank) - bounded(lower_rank)) / total;
}

}  // namespace tocsin::promql
