#include "fakes/service/bucket_split.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tocsin::fakes {

BucketSplit::BucketSplit(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()),
      buckets_(bounds.size() + 1),
      counts_(bounds.size() + 1) {}

void BucketSplit::follow(const MovedDistribution& distribution) {
  if (movement_ == distribution.movement()) return;
  movement_ = distribution.movement();
  mean_ = distribution.mean();
  std::vector<double> shares(buckets_.size());
  PartialMoments below;
  double low = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    const double high = i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
    const PartialMoments until = distribution.moments_until(high);
    const PartialMoments within = until - below;
    shares[i] = std::max(0.0, within.mass);
    Bucket& bucket = buckets_[i];
    bucket = {.low = low, .high = high, .mean = low, .variance = 0};
    if (within.mass > 1e-12) {
      bucket.mean = std::clamp(within.first / within.mass, low, high);
      bucket.variance = std::max(0.0, within.second / within.mass - bucket.mean * bucket.mean);
    }
    below = until;
    low = std::max(low, high);
  }
  split_.set_shares(shares);
}

BucketSplit::Drawn BucketSplit::draw(std::int64_t n, Chance& chance) {
  split_.draw(n, chance, counts_);
  return {counts_, chance.exact() ? static_cast<double>(n) * mean_ : draw_sum(chance)};
}

/// The sum of many values is nearly normal; it cannot leave the buckets that they fell into.
double BucketSplit::draw_sum(Chance& chance) const {
  double mean = 0;
  double variance = 0;
  double low = 0;
  double high = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (counts_[i] == 0) continue;
    const auto n = static_cast<double>(counts_[i]);
    mean += n * buckets_[i].mean;
    variance += n * buckets_[i].variance;
    low += n * buckets_[i].low;
    high += n * buckets_[i].high;
  }
  return std::clamp(mean + chance.normal(std::sqrt(variance)), low, high);
}

}  // namespace tocsin::fakes
