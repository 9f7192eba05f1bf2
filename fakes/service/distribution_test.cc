#include "fakes/service/distribution.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace tocsin::fakes {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Distribution made(std::vector<std::pair<double, double>> percentiles) {
  return Distribution({std::move(percentiles)});
}

/// The integral of x^k over [low, high] against the distribution, by its quantile function.
double by_quadrature(const MovedDistribution& distribution, double k, double until) {
  constexpr int kSteps = 50'000;
  double sum = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double x = distribution.quantile((i + 0.5) / kSteps);
    if (x <= until) sum += std::pow(x, k);
  }
  return sum / kSteps;
}

TEST(Normal, MatchesTheTables) {
  EXPECT_DOUBLE_EQ(normal_cdf(0), 0.5);
  EXPECT_NEAR(normal_cdf(1.959963984540054), 0.975, 1e-15);
  EXPECT_NEAR(normal_quantile(0.95), 1.6448536269514722, 1e-14);
  EXPECT_NEAR(normal_quantile(0.01), -2.3263478740408408, 1e-14);
  EXPECT_EQ(normal_quantile(0), -kInfinity);
  EXPECT_EQ(normal_quantile(1), kInfinity);
}

TEST(Distribution, GoesThroughItsPercentiles) {
  const Distribution latency = made({{0.5, 0.32}, {0.95, 0.9}, {0.99, 1.6}});
  EXPECT_NEAR(latency.quantile(0.5), 0.32, 1e-12);
  EXPECT_NEAR(latency.quantile(0.95), 0.9, 1e-12);
  EXPECT_NEAR(latency.quantile(0.99), 1.6, 1e-12);
  EXPECT_NEAR(latency.cdf(0.32), 0.5, 1e-12);
  EXPECT_NEAR(latency.cdf(0.9), 0.95, 1e-12);
  for (const double p : {1e-6, 0.01, 0.3, 0.7, 0.96, 0.999, 0.999999}) {
    EXPECT_NEAR(latency.cdf(latency.quantile(p)), p, 1e-12) << p;
  }
  EXPECT_EQ(latency.cdf(0), 0);
  EXPECT_EQ(latency.cdf(-1), 0);
  EXPECT_EQ(latency.cdf(kInfinity), 1);
}

TEST(Distribution, TwoPercentilesMakeALogNormal) {
  // ln x ~ N(0, 1): mean exp(1/2), second moment exp(2).
  const Distribution standard = made({{0.5, 1}, {normal_cdf(1), std::exp(1)}});
  EXPECT_NEAR(standard.mean(), std::exp(0.5), 1e-12);
  const PartialMoments all = standard.moments_until(kInfinity);
  EXPECT_NEAR(all.mass, 1, 1e-12);
  EXPECT_NEAR(all.second, std::exp(2), 1e-10);
}

TEST(Distribution, MomentsAgreeWithQuadrature) {
  const Distribution latency = made({{0.5, 0.32}, {0.95, 0.9}, {0.99, 1.6}});
  const MovedDistribution plain(latency, {});
  for (const double until : {0.1, 0.5, 1.0, 2.0}) {
    const PartialMoments moments = latency.moments_until(until);
    EXPECT_NEAR(moments.mass, latency.cdf(until), 1e-12);
    EXPECT_NEAR(moments.first, by_quadrature(plain, 1, until), 1e-4) << until;
    EXPECT_NEAR(moments.second, by_quadrature(plain, 2, until), 1e-4) << until;
  }
}

TEST(Distribution, OnePercentileIsAConstant) {
  const Distribution constant = made({{0.5, 0.25}});
  EXPECT_NEAR(constant.quantile(0.001), 0.25, 1e-15);
  EXPECT_NEAR(constant.mean(), 0.25, 1e-15);
  EXPECT_EQ(constant.cdf(0.2499), 0);
  EXPECT_EQ(constant.cdf(0.25), 1);
  EXPECT_EQ(constant.moments_until(0.2).mass, 0);
  EXPECT_NEAR(constant.moments_until(0.3).first, 0.25, 1e-15);
}

TEST(Distribution, AFlatStretchIsAStep) {
  const Distribution stepped = made({{0.2, 1}, {0.6, 1}, {0.9, 2}});
  EXPECT_NEAR(stepped.quantile(0.4), 1, 1e-12);
  EXPECT_NEAR(stepped.cdf(1), 0.6, 1e-12);
  EXPECT_NEAR(stepped.cdf(2), 0.9, 1e-12);
}

TEST(MovedDistribution, ScalesAndShifts) {
  const Distribution base = made({{0.5, 0.1}, {0.99, 0.4}});
  const MovedDistribution moved(base, {.factor = 3, .offset = 0.5});
  EXPECT_NEAR(moved.quantile(0.5), 0.8, 1e-12);
  EXPECT_NEAR(moved.cdf(0.8), 0.5, 1e-12);
  EXPECT_NEAR(moved.mean(), 3 * base.mean() + 0.5, 1e-12);
  const PartialMoments moments = moved.moments_until(1);
  EXPECT_NEAR(moments.first, by_quadrature(moved, 1, 1), 1e-4);
  EXPECT_NEAR(moments.second, by_quadrature(moved, 2, 1), 1e-4);
}

TEST(MovedDistribution, IsNeverNegative) {
  const Distribution base = made({{0.5, 0.1}, {0.99, 0.4}});
  const MovedDistribution moved(base, {.factor = 1, .offset = -0.1});
  EXPECT_EQ(moved.quantile(0.25), 0);
  EXPECT_NEAR(moved.cdf(0), 0.5, 1e-12);
  EXPECT_NEAR(moved.mean(), by_quadrature(moved, 1, kInfinity), 1e-4);
}

TEST(MovedDistribution, AFactorOfZeroLeavesTheOffset) {
  const Distribution base = made({{0.5, 0.1}, {0.99, 0.4}});
  const MovedDistribution moved(base, {.factor = 0, .offset = 2});
  EXPECT_EQ(moved.mean(), 2);
  EXPECT_EQ(moved.cdf(1.9), 0);
  EXPECT_EQ(moved.cdf(2), 1);
  EXPECT_EQ(moved.moments_until(3).second, 4);
}

TEST(Mixture, LiesBetweenItsParts) {
  const Distribution fast = made({{0.5, 0.01}});
  const Distribution slow = made({{0.5, 1}});
  const std::vector<WeightedDistribution> parts = {{{fast, {}}, 0.9}, {{slow, {}}, 0.1}};
  EXPECT_NEAR(mixture_quantile(parts, 0.5), 0.01, 1e-8);
  EXPECT_NEAR(mixture_quantile(parts, 0.95), 1, 1e-8);

  const Distribution wide = made({{0.5, 0.1}, {0.95, 0.5}});
  const std::vector<WeightedDistribution> alike = {{{wide, {}}, 0.3}, {{wide, {}}, 0.7}};
  EXPECT_NEAR(mixture_quantile(alike, 0.95), 0.5, 1e-8);
}

}  // namespace
}  // namespace tocsin::fakes
