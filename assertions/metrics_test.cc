#include "assertions/test_evidence.h"

namespace tocsin::assertions {
namespace {

using scenario::ValueClaim;

class MetricTest : public JudgeTest {
 protected:
  MetricTest() {
    std::vector<double> ramp;
    for (int i = 0; i <= 20; ++i) ramp.push_back(i);
    samples_->add({{"__name__", "ramp"}}, minutes(1), ramp);
  }

  scenario::MetricExpectation& expect_metric(const char* expression) {
    auto& expectation = scenario_.expect.metrics.emplace_back();
    expectation.expression = promql::parse_expression(expression).value();
    expectation.at = {minutes(10), "10m"};
    expectation.window = window(5, 10, "from 5m to 10m");
    return expectation;
  }
};

TEST_F(MetricTest, AtATime) {
  auto& expectation = expect_metric("ramp");
  expectation.is = claim(ValueClaim::Kind::kNear, 10, 0.5);
  expect_outcome(Outcome::kPass, "10 at 10m (5m after fault)");
  expectation.is = claim(ValueClaim::Kind::kLess, 10);
  expect_outcome(Outcome::kFail, "10 at 10m (5m after fault)");
}

TEST_F(MetricTest, AlwaysAndEventually) {
  auto& expectation = expect_metric("ramp");
  expectation.hold = scenario::MetricExpectation::Hold::kAlways;
  expectation.is = claim(ValueClaim::Kind::kLessEqual, 7);
  expect_outcome(Outcome::kFail, "8 at 8m (3m after fault)");
  expectation.hold = scenario::MetricExpectation::Hold::kEventually;
  expectation.is = claim(ValueClaim::Kind::kGreater, 7);
  expect_outcome(Outcome::kPass, "8 at 8m (3m after fault)");
  expectation.is = claim(ValueClaim::Kind::kGreater, 70);
  expect_outcome(Outcome::kFail, "10 at 10m (5m after fault)");
}

TEST_F(MetricTest, Absence) {
  expect_metric("nothing").absent = true;
  expect_outcome(Outcome::kPass, "no value at 10m (5m after fault)");
  scenario_.expect.metrics.clear();
  expect_metric("ramp").absent = true;
  expect_outcome(Outcome::kFail, "10 at 10m (5m after fault)");
  scenario_.expect.metrics.clear();
  expect_metric("nothing").is = claim(ValueClaim::Kind::kLess, 5);
  expect_outcome(Outcome::kFail, "no value at 10m (5m after fault)");
}

TEST_F(MetricTest, EvaluationTrouble) {
  samples_->add({{"__name__", "ramp"}, {"a", "2"}}, minutes(1), {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  expect_metric("ramp * on() ramp");
  const Judgement judgement = judge_one();
  EXPECT_EQ(judgement.outcome, Outcome::kFail);
  EXPECT_EQ(judgement.seen.substr(0, 20), "cannot be evaluated:");
}

}  // namespace
}  // namespace tocsin::assertions
