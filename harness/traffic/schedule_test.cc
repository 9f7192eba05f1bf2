#include "harness/traffic/schedule.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace tocsin::traffic {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Phase phase_of(RateShape shape, Duration length, Arrivals arrivals) {
  Phase phase;
  phase.shape = std::move(shape);
  phase.length = length;
  phase.arrivals = arrivals;
  return phase;
}

std::vector<Schedule::Arrival> all(const Traffic& traffic, Schedule::Options options = {}) {
  Schedule schedule(traffic, options);
  std::vector<Schedule::Arrival> arrivals;
  while (const auto arrival = schedule.next()) arrivals.push_back(*arrival);
  return arrivals;
}

std::size_t count_between(const std::vector<Schedule::Arrival>& arrivals, Nanos from, Nanos to) {
  return std::count_if(arrivals.begin(), arrivals.end(),
                       [&](const auto& a) { return a.at >= from && a.at < to; });
}

TEST(Paced, SitsInTheMiddleOfItsIntervals) {
  const auto arrivals = all({{phase_of(ConstantRate{5'000}, seconds(10), Arrivals::kPaced)}});
  ASSERT_EQ(arrivals.size(), 50'000U);
  EXPECT_EQ(arrivals[0].at, Nanos(100'000));
  EXPECT_EQ(arrivals[1].at, Nanos(300'000));
  EXPECT_EQ(arrivals.back().at, seconds(10) - Nanos(100'000));
  for (int s = 0; s < 10; ++s) {
    EXPECT_EQ(count_between(arrivals, seconds(s), seconds(s + 1)), 5'000U);
  }
}

TEST(Paced, CountsAreExactForEveryShape) {
  const std::vector<std::pair<RateShape, std::size_t>> cases = {
      {RampRate{100, 300}, 2'000},
      {StepRates{{{10, seconds(4)}, {0, seconds(4)}, {50, seconds(2)}}}, 140},
      {SpikeRate{5, 500, seconds(4), seconds(2)}, 1'040},
      {SineRate{10, 110, seconds(10), seconds(3)}, 600},
      {ConstantRate{0}, 0}};
  for (const auto& [shape, expected] : cases) {
    EXPECT_EQ(all({{phase_of(shape, seconds(10), Arrivals::kPaced)}}).size(), expected);
  }
}

TEST(Paced, RatesBelowOneASecond) {
  const auto arrivals = all({{phase_of(ConstantRate{0.1}, minutes(1), Arrivals::kPaced)}});
  ASSERT_EQ(arrivals.size(), 6U);
  EXPECT_EQ(arrivals[0].at, seconds(5));
  EXPECT_EQ(arrivals[5].at, seconds(55));
}

TEST(Poisson, GapsAreExponential) {
  const auto arrivals = all({{phase_of(ConstantRate{1'000}, seconds(100), Arrivals::kPoisson)}});
  // The count's standard deviation is sqrt(100000) = 316.
  EXPECT_NEAR(static_cast<double>(arrivals.size()), 100'000, 4 * 316);
  // An exponential gap's standard deviation is its mean, and exp(-1) of the gaps exceed it.
  double sum = 0;
  double squares = 0;
  int longer = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    const double gap = to_seconds(arrivals[i].at - arrivals[i - 1].at) * 1'000;
    sum += gap;
    squares += gap * gap;
    if (gap > 1) ++longer;
  }
  const double n = static_cast<double>(arrivals.size() - 1);
  EXPECT_NEAR(std::sqrt(squares / n - (sum / n) * (sum / n)), 1, 0.02);
  EXPECT_NEAR(longer / n, std::exp(-1), 0.006);
}

TEST(Poisson, FollowsTheShape) {
  const auto arrivals = all({{phase_of(RampRate{0, 2'000}, seconds(100), Arrivals::kPoisson)}});
  // A quarter of the area lies in the first half.
  EXPECT_NEAR(static_cast<double>(count_between(arrivals, seconds(0), seconds(50))), 25'000, 632);
  EXPECT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end(),
                             [](const auto& a, const auto& b) { return a.at < b.at; }));
}

TEST(Count, IsExactWithBothArrivals) {
  for (const Arrivals arrivals : {Arrivals::kPaced, Arrivals::kPoisson}) {
    Phase phase = phase_of(RampRate{1, 3}, seconds(10), arrivals);
    phase.count = 12'345;
    const auto sent = all({{phase}});
    EXPECT_EQ(sent.size(), 12'345U);
    EXPECT_LT(sent.back().at, seconds(10));
    // 3/8 of the area lies in the first half; a binomial's deviation there is 54.
    EXPECT_NEAR(static_cast<double>(count_between(sent, seconds(0), seconds(5))), 4'629.4, 216);
  }
}

TEST(Seed, FixesEverything) {
  Phase phase = phase_of(ConstantRate{100}, seconds(10), Arrivals::kPoisson);
  phase.mix = {{"a", 1}, {"b", 2}};
  const auto times = [&](std::uint64_t seed) {
    std::vector<std::pair<std::int64_t, std::uint32_t>> seen;
    for (const auto& a : all({{phase}}, {.seed = seed}))
      seen.emplace_back(a.at.count(), a.endpoint);
    return seen;
  };
  EXPECT_EQ(times(7), times(7));
  EXPECT_NE(times(7), times(8));
}

TEST(Phases, RunOneAfterAnother) {
  Traffic traffic;
  traffic.phases = {phase_of(ConstantRate{10}, seconds(2), Arrivals::kPaced),
                    phase_of(ConstantRate{1}, seconds(0), Arrivals::kPaced),
                    phase_of(ConstantRate{1}, seconds(3), Arrivals::kPaced)};
  Phase users = phase_of(ConstantRate{0}, seconds(5), Arrivals::kPaced);
  users.users = Users{3, seconds(1)};
  traffic.phases.insert(traffic.phases.begin() + 1, users);
  const auto arrivals = all(traffic);
  ASSERT_EQ(arrivals.size(), 23U);
  EXPECT_EQ(arrivals[19].phase, 0U);
  EXPECT_EQ(arrivals[20].phase, 3U);
  EXPECT_EQ(arrivals[20].at, milliseconds(7'500));
}

TEST(TimeScale, ShortensTheRunAndKeepsTheRate) {
  Traffic traffic;
  traffic.phases = {phase_of(RampRate{100, 300}, minutes(10), Arrivals::kPaced),
                    phase_of(ConstantRate{50}, minutes(10), Arrivals::kPaced)};
  traffic.phases[1].count = 77;
  const auto arrivals = all(traffic, {.time_scale = 60});
  EXPECT_EQ(arrivals.size(), 2'000U + 77U);
  EXPECT_EQ(count_between(arrivals, seconds(0), seconds(5)), 750U);
  EXPECT_EQ(count_between(arrivals, seconds(10), seconds(20)), 77U);
}

TEST(Parts, TogetherAreTheWhole) {
  Phase phase = phase_of(ConstantRate{300}, seconds(10), Arrivals::kPoisson);
  phase.mix = {{"a", 1}, {"b", 2}, {"c", 3}};
  const auto whole = all({{phase}}, {.seed = 3});
  for (std::uint32_t part = 0; part < 3; ++part) {
    const auto mine = all({{phase}}, {.seed = 3, .part = part, .of = 3});
    for (std::size_t i = 0; i < mine.size(); ++i) {
      EXPECT_EQ(mine[i].at, whole[3 * i + part].at);
      EXPECT_EQ(mine[i].endpoint, whole[3 * i + part].endpoint);
    }
  }
}

TEST(Mix, TakesTurnsWithinOneRequest) {
  const std::vector<std::vector<double>> weightings = {
      {1, 1, 1}, {1, 2}, {5, 1, 1}, {0.7, 0.2, 0.05, 0.05}, {3, 3, 3, 1}, {1000, 1}};
  for (const auto& weights : weightings) {
    Phase phase = phase_of(ConstantRate{100}, seconds(50), Arrivals::kPaced);
    double sum = 0;
    for (const double weight : weights) {
      phase.mix.push_back({"endpoint", weight});
      sum += weight;
    }
    std::vector<double> had(weights.size());
    double sent = 0;
    for (const auto& arrival : all({{phase}})) {
      had[arrival.endpoint] += 1;
      sent += 1;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        EXPECT_LT(std::abs(had[i] - sent * weights[i] / sum), 1) << "after " << sent;
      }
    }
  }
}

TEST(Mix, OfIndependentUsersIsRandomByWeight) {
  Phase phase = phase_of(ConstantRate{1'000}, seconds(30), Arrivals::kPoisson);
  phase.mix = {{"a", 1}, {"b", 2}};
  double second = 0;
  double same_as_before = 0;
  std::uint32_t before = 0;
  const auto arrivals = all({{phase}});
  for (const auto& arrival : arrivals) {
    second += arrival.endpoint;
    same_as_before += arrival.endpoint == before ? 1 : 0;
    before = arrival.endpoint;
  }
  const double n = static_cast<double>(arrivals.size());
  EXPECT_NEAR(second / n, 2.0 / 3, 0.011);
  EXPECT_NEAR(same_as_before / n, 5.0 / 9, 0.012) << "no turns";
}

}  // namespace
}  // namespace tocsin::traffic
