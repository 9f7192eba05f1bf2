#include "harness/traffic/traffic.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace tocsin::traffic {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Phase phase_of(RateShape shape, Duration length) {
  Phase phase;
  phase.shape = std::move(shape);
  phase.length = length;
  return phase;
}

Phase steps() {
  return phase_of(StepRates{{{10, seconds(10)}, {0, seconds(5)}, {40, seconds(5)}}}, seconds(20));
}

TEST(Rates, FollowTheirShapes) {
  const Phase constant = phase_of(ConstantRate{50}, minutes(25));
  EXPECT_EQ(rate_at(constant, seconds(0)), 50);
  EXPECT_EQ(rate_at(constant, minutes(25)), 0) << "the end belongs to the next phase";
  EXPECT_EQ(rate_at(constant, seconds(-1)), 0);

  const Phase ramp = phase_of(RampRate{100, 300}, seconds(10));
  EXPECT_DOUBLE_EQ(rate_at(ramp, seconds(5)), 200);
  EXPECT_DOUBLE_EQ(rate_at(ramp, milliseconds(2500)), 150);

  EXPECT_EQ(rate_at(steps(), milliseconds(9999)), 10);
  EXPECT_EQ(rate_at(steps(), seconds(10)), 0);
  EXPECT_EQ(rate_at(steps(), seconds(15)), 40);

  const Phase spike = phase_of(SpikeRate{5, 500, seconds(4), seconds(2)}, seconds(10));
  EXPECT_EQ(rate_at(spike, milliseconds(3999)), 5);
  EXPECT_EQ(rate_at(spike, seconds(4)), 500);
  EXPECT_EQ(rate_at(spike, seconds(6)), 5);

  const Phase day = phase_of(SineRate{10, 110, hours(24), hours(14)}, hours(48));
  EXPECT_DOUBLE_EQ(rate_at(day, hours(14)), 110);
  EXPECT_NEAR(rate_at(day, hours(2)), 10, 1e-9);
  EXPECT_NEAR(rate_at(day, hours(20)), 60, 1e-9);
}

TEST(Expected, HasTheClosedForms) {
  EXPECT_DOUBLE_EQ(expected_until(phase_of(ConstantRate{50}, minutes(25)), minutes(25)), 75'000);
  const Phase ramp = phase_of(RampRate{100, 300}, seconds(10));
  EXPECT_DOUBLE_EQ(expected_until(ramp, seconds(10)), 2'000);
  EXPECT_DOUBLE_EQ(expected_until(ramp, seconds(5)), 750);  // 100*5 + 20*5²/2
  EXPECT_DOUBLE_EQ(expected_until(steps(), seconds(12)), 100);
  EXPECT_DOUBLE_EQ(expected_until(steps(), seconds(20)), 300);
  EXPECT_DOUBLE_EQ(expected_until(steps(), hours(1)), 300) << "nothing comes after the end";
  const Phase spike = phase_of(SpikeRate{5, 500, seconds(4), seconds(2)}, seconds(10));
  EXPECT_DOUBLE_EQ(expected_until(spike, seconds(5)), 520);
  EXPECT_DOUBLE_EQ(expected_until(spike, seconds(10)), 1'040);
  // Over a whole period the wave's mean; a quarter after the peak the surplus is swing/ω.
  const Phase day = phase_of(SineRate{10, 110, hours(24), hours(0)}, hours(24));
  EXPECT_NEAR(expected_until(day, hours(24)), 60.0 * 86'400, 1e-5);
  const double surplus = 50 * 86'400 / (2 * std::numbers::pi);
  EXPECT_NEAR(expected_until(day, hours(6)), 60.0 * 21'600 + surplus, 1e-5);
}

TEST(Expected, IsTheIntegralOfTheRate) {
  const std::vector<Phase> phases = {
      phase_of(RampRate{300, 0}, seconds(20)), steps(),
      phase_of(SpikeRate{5, 1, seconds(4), seconds(200)}, seconds(20)),
      phase_of(SineRate{0, 80, seconds(7), seconds(3)}, seconds(20))};
  for (const Phase& phase : phases) {
    double sum = 0;
    for (Nanos t = Nanos(500'000); t < phase.length; t += milliseconds(1)) {
      sum += rate_at(phase, t) / 1000;
    }
    EXPECT_NEAR(expected_until(phase, phase.length), sum, 1e-4 * sum);
  }
}

TEST(Expected, CountReplacesTheLevelAndKeepsTheShape) {
  Phase ramp = phase_of(RampRate{1, 3}, seconds(10));
  ramp.count = 1'000;
  EXPECT_DOUBLE_EQ(expected_until(ramp, seconds(10)), 1'000);
  EXPECT_DOUBLE_EQ(expected_until(ramp, seconds(5)), 375);
  EXPECT_DOUBLE_EQ(rate_at(ramp, seconds(0)), 50);

  Phase flat = phase_of(ConstantRate{0}, seconds(10));
  flat.count = 30;
  EXPECT_DOUBLE_EQ(rate_at(flat, seconds(3)), 3) << "no shape: evenly";
  EXPECT_DOUBLE_EQ(expected_until(flat, seconds(5)), 15);
  EXPECT_EQ(time_of(flat, 15), seconds(5));
}

TEST(TimeOf, IsTheInverse) {
  const std::vector<Phase> phases = {
      phase_of(ConstantRate{0.7}, hours(3)),
      phase_of(RampRate{0, 300}, seconds(20)),
      phase_of(RampRate{300, 0}, seconds(20)),
      steps(),
      phase_of(SpikeRate{5, 500, seconds(4), seconds(2)}, seconds(10)),
      phase_of(SineRate{0, 80, seconds(7), seconds(3)}, seconds(20)),
      phase_of(SineRate{10, 110, hours(24), hours(14)}, hours(48))};
  for (const Phase& phase : phases) {
    const double total = expected_until(phase, phase.length);
    Nanos before{-1};
    for (int i = 1; i < 400; ++i) {
      const double n = total * i / 400;
      const Nanos at = time_of(phase, n);
      EXPECT_GT(at, before);
      EXPECT_NEAR(expected_until(phase, at), n, 1e-6 * std::max(1.0, rate_at(phase, at)))
          << "shape " << phase.shape.index() << ", step " << i;
      before = at;
    }
    EXPECT_EQ(time_of(phase, 0), Nanos(0));
    EXPECT_EQ(time_of(phase, total * 1.001), phase.length);
  }
}

TEST(TimeOf, OfConstantRatesIsExactToTheNanosecond) {
  const Phase phase = phase_of(ConstantRate{1'000'000}, hours(24));
  EXPECT_EQ(time_of(phase, 86'399'999'999.5), hours(24) - Nanos(500));
}

TEST(TimeOf, NeverForUsersAndSilence) {
  Phase users = phase_of(ConstantRate{50}, seconds(10));
  users.users = Users{8, seconds(1)};
  EXPECT_EQ(rate_at(users, seconds(1)), 0);
  EXPECT_EQ(expected_until(users, seconds(5)), 0);
  EXPECT_EQ(time_of(users, 1), seconds(10));
  EXPECT_EQ(time_of(phase_of(ConstantRate{0}, seconds(10)), 0.5), seconds(10));
  EXPECT_EQ(time_of(phase_of(StepRates{}, seconds(10)), 0.5), seconds(10));
}

TEST(Traffic, FindsThePhaseOfAnOffset) {
  Traffic traffic;
  traffic.phases = {phase_of(ConstantRate{1}, seconds(10)), phase_of(ConstantRate{2}, seconds(0)),
                    phase_of(ConstantRate{3}, seconds(5))};
  EXPECT_EQ(traffic.length(), seconds(15));
  EXPECT_EQ(traffic.phase_at(seconds(0)), &traffic.phases[0]);
  EXPECT_EQ(traffic.phase_at(seconds(10)), &traffic.phases[2]);
  EXPECT_EQ(traffic.phase_at(seconds(15)), nullptr);
  EXPECT_EQ(traffic.phase_at(seconds(-1)), nullptr);
}

}  // namespace
}  // namespace tocsin::traffic
