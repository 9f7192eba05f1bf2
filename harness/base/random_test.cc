#include "harness/base/random.h"

#include <cmath>

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Random, FirstDrawsArePinned) {
  // mt19937_64's documented 10000th output for the default seed is 9981545732273789042.
  Random standard(5489);
  std::uint64_t last = 0;
  for (int i = 0; i < 10000; ++i) last = standard.bits();
  EXPECT_EQ(last, 9981545732273789042ULL);
}

TEST(Random, NamedStreamsDiffer) {
  Random a(1, "error_rate");
  Random b(1, "latency");
  Random c(2, "error_rate");
  Random again(1, "error_rate");
  const auto first = a.bits();
  EXPECT_NE(first, b.bits());
  EXPECT_NE(first, c.bits());
  EXPECT_EQ(first, again.bits());
}

/// Mean and variance over n draws, against the distribution's, within five standard errors.
template <class Draw>
void expect_moments(Draw draw, double mean, double variance) {
  constexpr int kDraws = 20000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = static_cast<double>(draw());
    sum += x;
    squares += (x - mean) * (x - mean);
  }
  EXPECT_NEAR(sum / kDraws, mean, 5 * std::sqrt(variance / kDraws) + 1e-12);
  EXPECT_NEAR(squares / kDraws, variance, 0.1 * variance + 1e-12);
}

TEST(Random, MomentsAreRight) {
  Random random(7);
  expect_moments([&] { return random.uniform(); }, 0.5, 1.0 / 12);
  expect_moments([&] { return random.normal(3, 2); }, 3, 4);
  expect_moments([&] { return random.exponential(2); }, 2, 4);
  expect_moments([&] { return random.poisson(3.5); }, 3.5, 3.5);
  expect_moments([&] { return random.poisson(1e6); }, 1e6, 1e6);
  expect_moments([&] { return random.poisson(1e12); }, 1e12, 1e12);
  expect_moments([&] { return random.binomial(20, 0.3); }, 6, 4.2);
  expect_moments([&] { return random.binomial(1'000'000, 0.01); }, 1e4, 9900);
  expect_moments([&] { return random.binomial(10'000'000'000, 0.5); }, 5e9, 2.5e9);
}

TEST(Random, EdgesAreExact) {
  Random random(7);
  EXPECT_EQ(random.poisson(0), 0);
  EXPECT_EQ(random.poisson(-1), 0);
  EXPECT_EQ(random.binomial(10, 0), 0);
  EXPECT_EQ(random.binomial(10, 1), 10);
  EXPECT_EQ(random.binomial(10, 1.5), 10);
  EXPECT_EQ(random.binomial(0, 0.5), 0);
  EXPECT_EQ(random.normal(5, 0), 5);
  for (int i = 0; i < 100; ++i) EXPECT_LT(random.below(3), 3u);
}

}  // namespace
}  // namespace tocsin
