#include "fakes/service/chance.h"

#include <array>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

namespace tocsin::fakes {
namespace {

using scenario::Noise;

TEST(Chance, WithoutNoiseFractionsAreCarriedOver) {
  Chance chance(1, "test", Noise::kNone);
  double carry = 0;
  std::int64_t sum = 0;
  for (int i = 1; i <= 1000; ++i) {
    sum += chance.events(0.3, carry);
    EXPECT_NEAR(static_cast<double>(sum), 0.3 * i, 0.5 + 1e-9) << i;
  }
  EXPECT_EQ(sum, 300);
}

TEST(Chance, TimesBringsWholePartsForSure) {
  Chance exact(1, "test", Noise::kNone);
  double carry = 0;
  EXPECT_EQ(exact.times(10, 850, carry), 8500);
  EXPECT_EQ(exact.times(10, 1.5, carry), 15);
  EXPECT_EQ(exact.times(10, 0, carry), 0);
  EXPECT_EQ(exact.times(10, -1, carry), 0);

  Chance random(1, "test", Noise::kRandom);
  const std::int64_t drawn = random.times(10'000, 2.25, carry);
  EXPECT_GE(drawn, 20'000);
  // Five standard deviations of a binomial(10000, 1/4).
  EXPECT_NEAR(static_cast<double>(drawn), 22'500, 5 * std::sqrt(10'000 * 0.25 * 0.75));
}

TEST(Chance, TheSameStreamGivesTheSameDraws) {
  Chance a(7, "x", Noise::kRandom);
  Chance b(7, "x", Noise::kRandom);
  Chance other(7, "y", Noise::kRandom);
  double carry = 0;
  bool differs = false;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t drawn = a.events(1000, carry);
    EXPECT_EQ(drawn, b.events(1000, carry));
    differs = differs || drawn != other.events(1000, carry);
  }
  EXPECT_TRUE(differs);
}

TEST(Chance, UniformWithoutNoiseIsEvenlySpread) {
  Chance chance(1, "test", Noise::kNone);
  std::array<int, 10> bins{};
  for (int i = 0; i < 1000; ++i) {
    const double u = chance.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    ++bins[static_cast<std::size_t>(u * 10)];
  }
  for (const int n : bins) EXPECT_NEAR(n, 100, 2);
}

TEST(Split, SumsToItsTotal) {
  for (const Noise noise : {Noise::kRandom, Noise::kNone}) {
    Chance chance(3, "test", noise);
    const std::array<double, 4> shares = {0.001, 0.004, 0.003, 0.992};
    Split split(shares);
    std::array<std::int64_t, 4> counts{};
    for (const std::int64_t n : {0, 1, 7, 750, 15'000'000}) {
      split.draw(n, chance, counts);
      EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), n);
      for (const std::int64_t count : counts) EXPECT_GE(count, 0);
    }
  }
}

TEST(Split, WithoutNoiseStaysNearTheExpectedNumbers) {
  Chance chance(3, "test", Noise::kNone);
  const std::array<double, 3> shares = {0.05, 0.15, 0.8};
  Split split(shares);
  std::array<std::int64_t, 3> counts{};
  std::array<std::int64_t, 3> sums{};
  for (int i = 1; i <= 2000; ++i) {
    split.draw(i % 7, chance, counts);
    for (std::size_t c = 0; c < 3; ++c) sums[c] += counts[c];
    const auto total = static_cast<double>(sums[0] + sums[1] + sums[2]);
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(static_cast<double>(sums[c]), shares[c] * total, 1.5) << i;
    }
  }
}

TEST(Split, DrawsFollowTheShares) {
  Chance chance(11, "test", Noise::kRandom);
  const std::array<double, 3> shares = {2, 3, 5};  // of any sum
  Split split(shares);
  std::array<std::int64_t, 3> counts{};
  split.draw(100'000, chance, counts);
  double chi_square = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    const double expected = 100'000 * shares[c] / 10;
    chi_square += std::pow(static_cast<double>(counts[c]) - expected, 2) / expected;
  }
  EXPECT_LT(chi_square, 13.8);  // 99.9 % of two degrees of freedom
}

}  // namespace
}  // namespace tocsin::fakes
