#include "assertions/test_evidence.h"

namespace tocsin::assertions {
namespace {

using scenario::ValueClaim;

class HealthTest : public JudgeTest {
 protected:
  HealthTest() {
    for (int i = 0; i <= 20; ++i) {
      ProbeResult probe;
      probe.target = "service";
      probe.endpoint = "/health";
      probe.at = at(i);
      probe.status_code = 200;
      probe.latency = std::chrono::milliseconds(5);
      const bool bad = i >= 5 && i < 15;
      probe.body = bad ? R"({"status": "degraded", "checks": {"llm": {"ok": false}}})"
                       : R"({"status": "healthy", "checks": {"llm": {"ok": true}}})";
      evidence_.probes.push_back(probe);
    }
  }

  scenario::HealthExpectation& expect_health(double from, double to) {
    auto& expectation = scenario_.expect.health.emplace_back();
    expectation.endpoint = "/health";
    expectation.window = window(from, to);
    return expectation;
  }
};

TEST_F(HealthTest, StateOverAWindow) {
  expect_health(6, 14).state = "degraded";
  expect_outcome(Outcome::kPass, "degraded at 14m (9m after fault) and in all 9 answers");
  scenario_.expect.health.clear();
  expect_health(6, 16).state = "degraded";
  expect_outcome(Outcome::kFail, "healthy at 15m (0s after fault end)");
}

TEST_F(HealthTest, Eventually) {
  auto& expectation = expect_health(0, 20);
  expectation.eventually = true;
  expectation.state = "degraded";
  expect_outcome(Outcome::kPass, "degraded at 5m (0s after fault)");
}

TEST_F(HealthTest, FieldsCodesAndLatency) {
  auto& expectation = expect_health(6, 14);
  expectation.code = 503;
  expectation.fields = {{"/checks/llm/ok", "false"}, {"/checks/db", "1"}};
  expectation.latency = claim(ValueClaim::Kind::kLess, 0.001);
  expectation.considered_ok = true;
  const Verdict verdict = judge(scenario_, evidence_);
  EXPECT_EQ(verdict.count(Outcome::kFail), 3u);
  EXPECT_EQ(verdict.count(Outcome::kPass), 2u);
}

TEST_F(HealthTest, NoAnswersProveNothing) {
  evidence_.probes.clear();
  expect_health(6, 14).state = "degraded";
  EXPECT_EQ(judge_one().outcome, Outcome::kInconclusive);
}

TEST_F(HealthTest, AMomentIsWhatWasLastSeen) {
  expect_health(5.5, 5.5).state = "degraded";
  EXPECT_EQ(judge_one().outcome, Outcome::kPass);
}

TEST_F(HealthTest, BodiesThatAreNoJsonAreSeen) {
  for (ProbeResult& probe : evidence_.probes) probe.body = "<html>\xFF";
  expect_health(6, 14).state = "healthy";
  expect_outcome(Outcome::kFail, "no state in the answer at 6m (1m after fault)");
}

}  // namespace
}  // namespace tocsin::assertions
