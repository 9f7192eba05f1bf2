#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fakes/service/chance.h"
#include "fakes/service/distribution.h"

namespace tocsin::fakes {

/// Puts a number of observations of a distribution straight into a histogram's buckets, by its CDF:
/// the cost is that of the buckets, whatever the number.
class BucketSplit {
 public:
  /// Upper bounds, ascending, without +Inf.
  explicit BucketSplit(std::span<const double> bounds);

  /// The distribution from now on, always of the same base. Costs something only when it has moved.
  void follow(const MovedDistribution& distribution);

  struct Drawn {
    std::span<const std::int64_t> counts;  ///< of each bucket, the last is +Inf; not cumulated
    double sum = 0;
  };
  /// n observations; without noise their sum is exactly n times the mean. Valid until the next
  /// call.
  Drawn draw(std::int64_t n, Chance& chance);

 private:
  struct Bucket {
    double low = 0;
    double high = 0;
    double mean = 0;
    double variance = 0;
  };

  double draw_sum(Chance& chance) const;

  std::vector<double> bounds_;
  std::vector<Bucket> buckets_;
  std::vector<std::int64_t> counts_;
  Split split_;
  double mean_ = 0;
  std::optional<Movement> movement_;
};

}  // namespace tocsin::fakes
