#include "harness/model/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tocsin {
namespace {

/// Values below 256 ns have a bucket each; each doubling after that has 128.
constexpr std::uint32_t kLinear = 256;
constexpr std::uint32_t kPerDoubling = 128;

std::uint32_t bucket_of(Nanos value) {
  const auto v = static_cast<std::uint64_t>(std::max<std::int64_t>(0, value.count()));
  if (v < kLinear) return static_cast<std::uint32_t>(v);
  const auto doubling = static_cast<std::uint32_t>(std::bit_width(v) - 8);  // >= 1
  const auto within = static_cast<std::uint32_t>(v >> doubling) - kPerDoubling;
  return kLinear + (doubling - 1) * kPerDoubling + within;
}

}  // namespace

Nanos LatencyHistogram::upper_bound(std::uint32_t index) {
  if (index < kLinear) return Nanos(index);
  const std::uint32_t doubling = (index - kLinear) / kPerDoubling + 1;
  const std::uint64_t within = (index - kLinear) % kPerDoubling + kPerDoubling;
  return Nanos(static_cast<std::int64_t>(((within + 1) << doubling) - 1));
}

void LatencyHistogram::add(Nanos value, std::uint64_t times) {
  if (times == 0) return;
  value = std::max(value, Nanos(0));
  const std::uint32_t bucket = bucket_of(value);
  if (bucket >= counts_.size()) {
    // Room to the end of this doubling, so that the hot path seldom comes here.
    counts_.resize(bucket < kLinear ? kLinear : (bucket / kPerDoubling + 1) * kPerDoubling);
  }
  counts_[bucket] += times;
  count_ += times;
  sum_ns_ += static_cast<double>(value.count()) * static_cast<double>(times);
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

Nanos LatencyHistogram::quantile(double q) const {
  if (empty()) return Nanos(0);
  const double rank = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
  const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rank));
  std::uint64_t seen = 0;
  for (std::uint32_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted) return std::min(upper_bound(i), max_);
  }
  return max_;
}

Nanos LatencyHistogram::mean() const {
  if (empty()) return Nanos(0);
  return Nanos(std::llround(sum_ns_ / static_cast<double>(count_)));
}

std::uint64_t LatencyHistogram::count_at_most(Nanos limit) const {
  if (limit < Nanos(0)) return 0;
  std::uint64_t seen = 0;
  for (std::uint32_t i = 0; i < counts_.size() && upper_bound(i) <= limit; ++i) seen += counts_[i];
  return limit >= max_ ? count_ : seen;
}

std::vector<LatencyHistogram::Bucket> LatencyHistogram::buckets() const {
  std::vector<Bucket> filled;
  for (std::uint32_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] > 0) filled.push_back({i, counts_[i]});
  }
  return filled;
}

LatencyHistogram LatencyHistogram::from_buckets(const std::vector<Bucket>& buckets, Nanos min,
                                                Nanos max, double sum_ns) {
  LatencyHistogram histogram;
  for (const Bucket& bucket : buckets) histogram.add(upper_bound(bucket.index), bucket.count);
  if (histogram.empty()) return histogram;
  histogram.min_ = min;
  histogram.max_ = max;
  histogram.sum_ns_ = sum_ns;
  return histogram;
}

}  // namespace tocsin
