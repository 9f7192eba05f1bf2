#include "harness/rules/alert_state.h"

#include <gtest/gtest.h>

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;

/// The states of one alert, a letter for each minute's evaluation: "x" has a result, "." has none.
/// The answer: "p" pending, "F" firing, "." nothing.
std::string states_of(std::string_view results, Duration hold, Duration keep = 0s) {
  AlertStates states(hold, keep);
  std::vector<Alert> ended;
  std::string seen;
  Timestamp now = from_ms(0);
  for (const char c : results) {
    std::vector<AlertStates::Result> found;
    if (c == 'x') found.push_back({{{"alertname", "A"}}, {}, 1});
    EXPECT_TRUE(states.evaluate(now, found, ended));
    seen += states.active().empty()                                ? '.'
            : states.active().front().state == AlertState::kFiring ? 'F'
                                                                   : 'p';
    now += 1min;
  }
  return seen;
}

TEST(AlertStates, FiresAtOnceWithoutFor) {
  EXPECT_EQ(states_of(".xx.x.", 0s), ".FF.F.");
}

TEST(AlertStates, WaitsForFor) {
  EXPECT_EQ(states_of("xxxxxx.", 3min), "pppFFF.");
  EXPECT_EQ(states_of("xxx.xxxx", 3min), "ppp.pppF");
  EXPECT_EQ(states_of("xxxx", 150s), "pppF");  // rounded up to the next evaluation
}

TEST(AlertStates, KeepsFiring) {
  EXPECT_EQ(states_of("x...", 0s, 2min), "FFF.");
  EXPECT_EQ(states_of("x.x....", 0s, 2min), "FFFFF..");
  EXPECT_EQ(states_of("xx..", 5min, 2min), "pp..");  // pending ones are not kept
}

TEST(AlertStates, TellsLivesApart) {
  AlertStates states(0s, 0s);
  std::vector<Alert> ended;
  const std::vector<AlertStates::Result> one = {{{{"alertname", "A"}, {"i", "1"}}, {}, 5}};
  const std::vector<AlertStates::Result> two = {{{{"alertname", "A"}, {"i", "2"}}, {}, 7}};
  ASSERT_TRUE(states.evaluate(from_ms(0), one, ended));
  ASSERT_TRUE(states.evaluate(from_ms(1000), two, ended));
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].labels.get("i"), "1");
  EXPECT_EQ(ended[0].value, 5);
  ASSERT_EQ(states.active().size(), 1u);
  EXPECT_EQ(states.active()[0].labels.get("i"), "2");
  EXPECT_EQ(states.active()[0].firing_at, from_ms(1000));
}

TEST(AlertStates, RefusesDuplicatesUnchanged) {
  AlertStates states(0s, 0s);
  std::vector<Alert> ended;
  const std::vector<AlertStates::Result> twice = {{{{"alertname", "A"}}, {}, 1},
                                                  {{{"alertname", "A"}}, {}, 2}};
  EXPECT_FALSE(states.evaluate(from_ms(0), twice, ended));
  EXPECT_TRUE(states.active().empty());
}

}  // namespace
}  // namespace tocsin::rules
