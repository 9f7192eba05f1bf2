#include "assertions/test_evidence.h"

namespace tocsin::assertions {
namespace {

using scenario::ValueClaim;

TEST_F(JudgeTest, Load) {
  LoadResult load;
  load.from = kStart;
  load.to = at(20);
  for (int i = 0; i < 20; ++i) {
    LoadSlice slice{at(i), minutes(1), {}};
    slice.counts.ledger = {60, 60, 0, 0, 0};
    slice.counts.by_status = {{200, i < 10 ? 60 : 30}, {500, i < 10 ? 0 : 30}};
    slice.counts.response.add(std::chrono::milliseconds(i < 10 ? 10 : 100), 60);
    load.total.merge(slice.counts);
    load.slices.push_back(slice);
  }
  evidence_.load = load;
  auto& whole = scenario_.expect.load.emplace_back();
  whole.throughput = claim(ValueClaim::Kind::kEqual, 1);
  whole.error_rate = claim(ValueClaim::Kind::kNear, 0.25, 1e-9);
  whole.requests = claim(ValueClaim::Kind::kEqual, 1200);
  auto& later = scenario_.expect.load.emplace_back();
  later.window = window(10, 20);
  later.percentiles = {{0.5, claim(ValueClaim::Kind::kNear, 0.1, 0.001)},
                       {0.999, claim(ValueClaim::Kind::kLess, 1)},
                       {1, claim(ValueClaim::Kind::kLess, 0.1)}};
  auto& nowhere = scenario_.expect.load.emplace_back();
  nowhere.endpoint = "/none";
  nowhere.throughput = claim(ValueClaim::Kind::kGreater, 0);
  const Verdict verdict = judge(scenario_, evidence_);
  EXPECT_EQ(verdict.count(Outcome::kPass), 5u);
  EXPECT_EQ(verdict.judgements.at(4).claim, "p99.9 the value in time");
  EXPECT_EQ(verdict.judgements.at(5).claim, "max the value in time");
  EXPECT_EQ(verdict.count(Outcome::kFail), 1u);
  EXPECT_EQ(verdict.count(Outcome::kInconclusive), 1u);
}

TEST_F(JudgeTest, LoadOfOneEndpoint) {
  LoadResult load;
  load.from = kStart;
  load.to = at(20);
  load.by_endpoint["/a"].ledger = {10, 10, 0, 0, 0};
  load.total = load.by_endpoint["/a"];
  load.slices = {{kStart, minutes(20), load.total, load.by_endpoint}};
  evidence_.load = load;
  for (const bool windowed : {false, true}) {
    auto& expectation = scenario_.expect.load.emplace_back();
    expectation.endpoint = "/a";
    expectation.requests = claim(ValueClaim::Kind::kEqual, 10);
    if (windowed) expectation.window = window(0, 20);
  }
  EXPECT_EQ(judge(scenario_, evidence_).count(Outcome::kPass), 2u);
}

}  // namespace
}  // namespace tocsin::assertions
