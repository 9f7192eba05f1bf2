#include "harness/stack/phases.h"

#include <gtest/gtest.h>

namespace tocsin::stack {
namespace {

constexpr Duration kInterval{250};

Recurring every(Duration interval, std::vector<std::int64_t> phases) {
  return {interval, std::move(phases)};
}

TEST(Phases, OneTargetSetsTheStart) {
  const PhaseChoice choice =
      choose_phases({every(kInterval, {100})}, {every(kInterval, {30, 217, 130})}, kInterval / 2);
  EXPECT_EQ(choice.zero, 95);
  EXPECT_EQ(choice.cycle, kInterval);
  // 95 + 125 = 220.
  EXPECT_EQ(choice.groups, std::vector<std::size_t>{1});
  EXPECT_NEAR(choice.scrape_lag, 5 / 250., 1e-9);
  EXPECT_NEAR(choice.evaluation_error, 3 / 250., 1e-9);
}

TEST(Phases, TakesTheVariantsThatAreClosestTogether) {
  const PhaseChoice choice = choose_phases(
      {every(kInterval, {10, 200}), every(kInterval, {120, 205}), every(kInterval, {240, 60})}, {},
      kInterval / 2);
  EXPECT_EQ(choice.targets, (std::vector<std::size_t>{1, 1, 0}));
  EXPECT_EQ(choice.zero, 195);
}

TEST(Phases, WrapsAround) {
  const PhaseChoice choice =
      choose_phases({every(kInterval, {249}), every(kInterval, {4})}, {}, kInterval / 2);
  EXPECT_EQ(choice.zero, 244);
  EXPECT_NEAR(choice.scrape_lag, 10 / 250., 1e-9);
}

TEST(Phases, LongerIntervalsCountFromTheStartToo) {
  // The second one scrapes at 600 of every second, so that the start must be near 600, not 100.
  const PhaseChoice choice =
      choose_phases({every(kInterval, {100}), every(Duration(1000), {610})}, {}, kInterval / 2);
  EXPECT_EQ(choice.cycle, Duration(1000));
  EXPECT_EQ(choice.zero, 595);
}

TEST(Phases, UnknownOnesAreNotChosen) {
  const PhaseChoice choice =
      choose_phases({every(kInterval, {-1, 7})}, {every(kInterval, {-1, -1, 130})}, kInterval / 2);
  EXPECT_EQ(choice.targets, std::vector<std::size_t>{1});
  EXPECT_EQ(choice.groups, std::vector<std::size_t>{2});
}

TEST(Phases, CyclesThatAreTooLongAreGivenUp) {
  const PhaseChoice choice =
      choose_phases({every(Duration(7001), {5}), every(Duration(6007), {9})}, {}, Duration(1000));
  EXPECT_EQ(choice.cycle, Duration(6007));
}

TEST(Phases, NextStart) {
  PhaseChoice choice;
  choice.zero = 98;
  choice.cycle = kInterval;
  EXPECT_EQ(next_start(choice, from_ms(1000)), from_ms(1098));
  EXPECT_EQ(next_start(choice, from_ms(1097)), from_ms(1098));
  EXPECT_EQ(next_start(choice, from_ms(1098)), from_ms(1348));
}

TEST(Phases, NextStartOnBeat) {
  PhaseChoice choice;
  choice.zero = 98;
  choice.cycle = kInterval;
  const Duration lead(60);
  // The reload at 3'538 is over at 3'938, the beat after it comes at 4'000.
  EXPECT_EQ(next_start_on_beat(choice, from_ms(1000), lead, from_ms(-1000)), from_ms(3598));
  // Beats that were long ago.
  EXPECT_EQ(next_start_on_beat(choice, from_ms(1000), lead, from_ms(-501'000)), from_ms(3598));
  // The first one is best.
  EXPECT_EQ(next_start_on_beat(choice, from_ms(1000), lead, from_ms(-3500)), from_ms(1098));
  // Starts that are far from each other.
  choice.cycle = std::chrono::seconds(15);
  EXPECT_EQ(next_start_on_beat(choice, from_ms(1000), lead, from_ms(0)), from_ms(15'098));
}

}  // namespace
}  // namespace tocsin::stack
