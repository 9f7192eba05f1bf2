#include "fakes/service/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <boost/math/special_functions/erf.hpp>

#include "harness/base/check.h"

namespace tocsin::fakes {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double phi(double z) {
  return std::isinf(z) ? (z > 0 ? 1.0 : 0.0) : normal_cdf(z);
}

}  // namespace

double normal_cdf(double z) {
  return boost::math::erfc(-z / std::numbers::sqrt2) / 2;
}

double normal_quantile(double p) {
  if (p <= 0) return -kInfinity;
  if (p >= 1) return kInfinity;
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * p);
}

/// Integrals of exp(k (a + s z)) times the normal density, for k = 0, 1, 2: completing the square
/// shifts z by k s.
PartialMoments Distribution::Segment::moments_until(double z) const {
  const double end = std::min(z, to);
  if (end <= from) return {};
  const auto integral = [&](double k) {
    const double shift = k * slope;
    return std::exp(k * intercept + shift * shift / 2) * (phi(end - shift) - phi(from - shift));
  };
  return {integral(0), integral(1), integral(2)};
}

Distribution::Distribution(const scenario::Distribution& spec) {
  TOCSIN_CHECK(!spec.percentiles.empty(), "a distribution has a percentile");
  const auto& points = spec.percentiles;
  if (points.size() == 1) {
    segments_.push_back({-kInfinity, kInfinity, std::log(points[0].second), 0});
  }
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    const double from = normal_quantile(points[i].first);
    const double to = normal_quantile(points[i + 1].first);
    const double low = std::log(points[i].second);
    const double slope = (std::log(points[i + 1].second) - low) / (to - from);
    segments_.push_back({from, to, low - slope * from, slope});
  }
  segments_.front().from = -kInfinity;
  segments_.back().to = kInfinity;
  for (const Segment& segment : segments_) {
    whole_.push_back(segment.moments_until(kInfinity));
    mean_ += whole_.back().first;
  }
}

double Distribution::value_at(double z) const {
  const auto segment = std::find_if(segments_.begin(), segments_.end() - 1,
                                    [&](const Segment& s) { return z <= s.to; });
  return std::exp(segment->log_at(z));
}

Distribution::Place Distribution::place_of(double x) const {
  if (!(x > 0)) return {0, -kInfinity};
  if (std::isinf(x)) return {segments_.size() - 1, kInfinity};
  const double log_x = std::log(x);
  std::size_t i = 0;
  while (i + 1 < segments_.size() && log_x >= segments_[i].log_at(segments_[i].to)) ++i;
  const Segment& segment = segments_[i];
  if (segment.slope > 0) return {i, (log_x - segment.intercept) / segment.slope};
  // A step, taken at its value; logarithms of equal numbers may differ in their last bit.
  return {i, log_x >= segment.intercept - 1e-12 ? segment.to : segment.from};
}

double Distribution::cdf(double x) const {
  return phi(place_of(x).z);
}

PartialMoments Distribution::moments_until(double x) const {
  const Place place = place_of(x);
  PartialMoments sum = segments_[place.segment].moments_until(place.z);
  for (std::size_t i = 0; i < place.segment; ++i) {
    sum.mass += whole_[i].mass;
    sum.first += whole_[i].first;
    sum.second += whole_[i].second;
  }
  return sum;
}

double MovedDistribution::moved(double x) const {
  return std::max(0.0, by_.factor * x + by_.offset);
}

double MovedDistribution::cdf(double x) const {
  if (x < 0) return 0;
  if (by_.factor <= 0) return x >= by_.offset ? 1 : 0;
  return base_->cdf(unmoved(x));
}

double MovedDistribution::mean() const {
  if (by_.offset >= 0) return by_.factor * base_->mean() + by_.offset;
  return moments_until(kInfinity).first;
}

PartialMoments MovedDistribution::moments_until(double x) const {
  if (x < 0) return {};
  const double a = by_.factor;
  const double b = by_.offset;
  if (a <= 0) {
    const double value = std::max(0.0, b);
    return x >= value ? PartialMoments{1, value, value * value} : PartialMoments{};
  }
  const PartialMoments until = base_->moments_until(unmoved(x));
  // What the offset would make negative is 0, and adds nothing to the integrals.
  const PartialMoments above = b < 0 ? until - base_->moments_until(unmoved(0)) : until;
  return {until.mass, a * above.first + b * above.mass,
          a * a * above.second + 2 * a * b * above.first + b * b * above.mass};
}

double mixture_quantile(std::span<const WeightedDistribution> parts, double p) {
  // It lies between the quantiles of the parts.
  double low = kInfinity;
  double high = 0;
  for (const WeightedDistribution& part : parts) {
    if (part.weight <= 0) continue;
    const double x = part.distribution.quantile(p);
    low = std::min(low, x);
    high = std::max(high, x);
  }
  while (high - low > 1e-9 * high) {
    const double middle = low + (high - low) / 2;
    double below = 0;
    for (const WeightedDistribution& part : parts) {
      if (part.weight > 0) below += part.weight * part.distribution.cdf(middle);
    }
    (below < p ? low : high) = middle;
  }
  return high;
}

}  // namespace tocsin::fakes
