#include "assertions/test_evidence.h"

namespace tocsin::assertions {
namespace {

using scenario::ValueClaim;

TEST_F(JudgeTest, FiresInTheWindow) {
  episode("A", 8, 13, 17);
  expect_alert("A").fires = window(12, 14, "7m..9m after fault");
  const Judgement judgement = judge_one();
  EXPECT_EQ(judgement.outcome, Outcome::kPass);
  EXPECT_EQ(judgement.claim, "fires 7m..9m after fault");
  EXPECT_EQ(judgement.seen, "fired at 13m (8m after fault)");
}

TEST_F(JudgeTest, FiresTooEarly) {
  episode("A", 8, 11, 17);
  expect_alert("A").fires = window(12, 14);
  expect_outcome(Outcome::kFail, "fired at 11m (6m after fault)");
}

TEST_F(JudgeTest, FiresInTimeAndOnceMoreIsAFalseAlarm) {
  episode("A", 8, 13, 14);
  episode("A", 16, 18, 19);
  expect_alert("A").fires = window(12, 14);
  const Judgement judgement = judge_one();
  EXPECT_EQ(judgement.outcome, Outcome::kFail);
  EXPECT_EQ(judgement.seen.substr(0, 38), "fired at 18m (3m after fault end) by {");
}

TEST_F(JudgeTest, TwoClaimsOnOneAlertShareItsFirings) {
  episode("A", 8, 13, 14);
  episode("A", 16, 18, 19);
  expect_alert("A").fires = window(12, 14);
  expect_alert("A").fires = window(17, 19);
  EXPECT_EQ(judge(scenario_, evidence_).outcome, Outcome::kPass);
}

TEST_F(JudgeTest, OnlyPending) {
  episode("A", 8, std::nullopt, 12);
  expect_alert("A").fires = window(12, 14);
  expect_outcome(Outcome::kFail, "pending from 8m (3m after fault) for 4m, never fired");
}

TEST_F(JudgeTest, NotEvenPending) {
  expect_alert("A").fires = window(12, 14);
  expect_outcome(Outcome::kFail, "never went pending");
}

TEST_F(JudgeTest, WhatWasOverBeforeTheLeadInDoesNotCount) {
  episode("A", 0, std::nullopt, 1);
  auto& expectation = expect_alert("A");
  expectation.never = true;
  expectation.never_pending = true;
  EXPECT_EQ(judge(scenario_, evidence_).outcome, Outcome::kFail);
  expectation.since = std::chrono::minutes(1);
  EXPECT_EQ(judge(scenario_, evidence_).outcome, Outcome::kPass);
  // An alarm is an alarm at any time.
  episode("A", 0, 1, 1);
  EXPECT_EQ(judge(scenario_, evidence_).outcome, Outcome::kFail);
}

TEST_F(JudgeTest, WithOtherLabels) {
  episode("A", 8, 13, 17);
  auto& expectation = expect_alert("A");
  expectation.fires = window(12, 14);
  expectation.labels = {{"severity", "warning"}};
  expect_outcome(
      Outcome::kFail,
      "fired at 13m (8m after fault) with other labels: {alertname=\"A\", severity=\"critical\"}");
}

TEST_F(JudgeTest, Never) {
  expect_alert("A").never = true;
  expect_outcome(Outcome::kPass, "never went pending");
  episode("A", 8, 13, 17).value_at_start = 0.08;
  expect_outcome(Outcome::kFail, "fired at 13m (8m after fault) with value 0.08");
}

TEST_F(JudgeTest, ResolvesInTheWindow) {
  episode("A", 8, 13, 17);
  expect_alert("A").resolves = window(15, 18);
  expect_outcome(Outcome::kPass, "resolved at 17m (2m after fault end)");
}

TEST_F(JudgeTest, NeverResolves) {
  episode("A", 8, 13, std::nullopt);
  expect_alert("A").resolves = window(15, 18);
  expect_outcome(Outcome::kFail, "still active at the end, 20m (5m after fault end)");
}

TEST_F(JudgeTest, StateValueTimesAndAnnotation) {
  AlertEpisode& fired = episode("A", 8, 13, 17);
  fired.value_at_firing = 0.081;
  fired.annotations = {{"summary", "8.1% fail"}};
  auto& expectation = expect_alert("A");
  expectation.times = 1;
  expectation.value = claim(ValueClaim::Kind::kBetween, 0.05, 0.09);
  expectation.annotations = {{"summary", "8.1% fail"}};
  expectation.states = {{{minutes(9), "9m"}, "pending", {}},
                        {{minutes(14), "14m"}, "firing", {}},
                        {{minutes(18), "18m"}, "inactive", {}}};
  EXPECT_EQ(judge(scenario_, evidence_).count(Outcome::kPass), 6u);
  fired.value_at_firing = 0.5;
  fired.annotations["summary"] = "<no value>";
  fired.resolved_at.reset();
  EXPECT_EQ(judge(scenario_, evidence_).count(Outcome::kFail), 3u);
}

TEST_F(JudgeTest, OthersMayNotFire) {
  scenario_.expect.others_none = true;
  scenario_.expect.others_allowed = {"Info"};
  episode("Info", 1, 2, 3);
  episode("Pending", 1, std::nullopt, 3);
  expect_outcome(Outcome::kPass, "nothing else fired");
  episode("B", 8, 13, 17);
  expect_outcome(Outcome::kFail, "fired: B");
}

TEST_F(JudgeTest, BackgroundShowsTheExpressionsValue) {
  samples_->add({{"__name__", "errors"}}, minutes(1), std::vector<double>(21, 0.04));
  evidence_.rules = {{"g", "A", "errors > 0.05", minutes(5)}};
  expect_alert("A").fires = window(12, 14);
  const Judgement judgement = judge_one();
  const auto has = [&](const std::string& line) {
    return std::find(judgement.around.begin(), judgement.around.end(), line) !=
           judgement.around.end();
  };
  EXPECT_TRUE(has("10m  value 0.04  (> 0.05)")) << testing::PrintToString(judgement.around);
  EXPECT_TRUE(has("15m  fault ends"));
}

}  // namespace
}  // namespace tocsin::assertions
