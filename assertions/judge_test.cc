#include "assertions/test_evidence.h"

namespace tocsin::assertions {
namespace {

TEST_F(JudgeTest, AnInterruptedRunProvesNothingAhead) {
  interrupt(10);
  expect_alert("A").fires = window(12, 14);
  scenario_.expect.others_none = true;
  const Verdict verdict = judge(scenario_, evidence_);
  EXPECT_EQ(verdict.count(Outcome::kInconclusive), 2u);
  EXPECT_EQ(verdict.outcome, Outcome::kInconclusive);
  EXPECT_EQ(verdict.reason, "the run was interrupted at 10m");
}

TEST_F(JudgeTest, AnInvalidMeasurementIsNoVerdict) {
  evidence_.run.invalid_reason = "the generator was late";
  expect_alert("A").never = true;
  const Verdict verdict = judge(scenario_, evidence_);
  EXPECT_EQ(verdict.outcome, Outcome::kInconclusive);
  EXPECT_EQ(verdict.reason, "the generator was late");
}

TEST_F(JudgeTest, LiveRunsGetOneIntervalOfGraceInScenarioTime) {
  evidence_.run.mode = RunMode::kLive;
  evidence_.run.time_scale = 60;
  AlertEpisode& fired = episode("A", 0, 0, 0);
  fired.firing_at = kStart + std::chrono::milliseconds(14'200);  // 14m12s of scenario time
  expect_alert("A").fires = window(12, 14);
  EXPECT_EQ(judge_one().outcome, Outcome::kPass);
  fired.firing_at = kStart + std::chrono::milliseconds(14'300);  // 14m18s
  EXPECT_EQ(judge_one().outcome, Outcome::kFail);
}

TEST_F(JudgeTest, ExpectingNothingProvesNothing) {
  const Verdict verdict = judge(scenario_, evidence_);
  EXPECT_EQ(verdict.outcome, Outcome::kInconclusive);
  EXPECT_EQ(verdict.reason, "the scenario expects nothing");
}

}  // namespace
}  // namespace tocsin::assertions
