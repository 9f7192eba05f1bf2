#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/scenario/system.h"

namespace tocsin::fakes {

/// Share of a standard normal variable at or below z, and its inverse.
double normal_cdf(double z);
double normal_quantile(double p);

/// The moments of a variable on a part of its range: probability, and the integrals of x and x².
struct PartialMoments {
  double mass = 0;
  double first = 0;
  double second = 0;

  PartialMoments operator-(const PartialMoments& other) const {
    return {mass - other.mass, first - other.first, second - other.second};
  }
};

/// A scenario::Distribution as functions. With z the normal quantile of p, the logarithm of the
/// value is a polygon over z, so each segment is a piece of a log-normal distribution and all
/// moments have closed forms. A single percentile makes a constant.
class Distribution {
 public:
  explicit Distribution(const scenario::Distribution& spec);

  /// p in (0, 1).
  double quantile(double p) const { return value_at(normal_quantile(p)); }
  /// The quantile of the share normal_cdf(z).
  double value_at(double z) const;
  /// Share of values at or below x.
  double cdf(double x) const;
  double mean() const { return mean_; }
  /// Over the values at or below x; x may be infinite.
  PartialMoments moments_until(double x) const;

 private:
  /// ln x = intercept + slope * z for z in (from, to].
  struct Segment {
    double from = 0;
    double to = 0;
    double intercept = 0;
    double slope = 0;

    double log_at(double z) const { return slope == 0 ? intercept : intercept + slope * z; }
    PartialMoments moments_until(double z) const;
  };

  /// The segment and the z of a value; z is infinite beyond a constant's step.
  struct Place {
    std::size_t segment = 0;
    double z = 0;
  };
  Place place_of(double x) const;

  std::vector<Segment> segments_;      ///< ascending; the outer ones reach to infinity
  std::vector<PartialMoments> whole_;  ///< of each segment
  double mean_ = 0;
};

/// How faults move a distribution: each value x becomes factor * x + offset, but never negative.
struct Movement {
  double factor = 1;
  double offset = 0;

  bool operator==(const Movement&) const = default;
};

/// A distribution, moved. Refers to it.
class MovedDistribution {
 public:
  MovedDistribution(const Distribution& base, Movement by) : base_(&base), by_(by) {}

  Movement movement() const { return by_; }

  double quantile(double p) const { return moved(base_->quantile(p)); }
  double value_at(double z) const { return moved(base_->value_at(z)); }
  double cdf(double x) const;
  double mean() const;
  PartialMoments moments_until(double x) const;

 private:
  double moved(double x) const;
  double unmoved(double x) const { return (x - by_.offset) / by_.factor; }

  const Distribution* base_;
  Movement by_;
};

/// The quantile of several distributions together, each with its weight; weights sum to 1.
struct WeightedDistribution {
  MovedDistribution distribution;
  double weight = 1;
};
double mixture_quantile(std::span<const WeightedDistribution> parts, double p);

}  // namespace tocsin::fakes
