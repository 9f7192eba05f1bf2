#include "assertions/test_evidence.h"

namespace tocsin::assertions {
namespace {

TEST_F(JudgeTest, Scrapes) {
  for (int i = 0; i <= 20; ++i) {
    const bool ok = i < 5 || i >= 10;
    evidence_.scrapes.push_back(
        {"service", at(i), ok, Nanos(0), ok ? 7u : 0u, ok ? "" : "connection refused"});
  }
  TargetFamilies exported;
  exported.target = "service";
  exported.families = {{"requests_total", MetricType::kCounter, "", ""}};
  exported.lint = {"x should have a help text"};
  evidence_.targets = {exported};
  samples_->add({{"__name__", "requests_total"}, {"code", "200"}}, minutes(1), {1, 2});
  auto& expectation = scenario_.expect.scrape.emplace_back();
  expectation.up = {{true, window(0, 4), {}}, {false, window(5, 9), {}}, {true, window(9, 12), {}}};
  expectation.families = {{"requests_total", {}, MetricType::kCounter, {"code"}},
                          {"requests_total", {}, MetricType::kGauge, {}},
                          {"requests_total", {}, std::nullopt, {"status"}},
                          {"request_total", {}, std::nullopt, {}}};
  expectation.lint = true;
  const Verdict verdict = judge(scenario_, evidence_);
  std::vector<std::string> seen;
  for (const Judgement& judgement : verdict.judgements) {
    seen.push_back(std::string(to_string(judgement.outcome)) + ": " + judgement.seen);
  }
  EXPECT_EQ(seen, (std::vector<std::string>{
                      "pass: all 5 scrapes", "pass: all 5 scrapes",
                      "fail: not scraped: connection refused at 9m (4m after fault)",
                      "pass: counter", "fail: is a counter", "fail: has no label status, only code",
                      "fail: not exported; the nearest is requests_total", "fail: 1 findings"}));
}

}  // namespace
}  // namespace tocsin::assertions
