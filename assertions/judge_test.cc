#include "assertions/judge.h"

#include <cmath>

#include <gtest/gtest.h>

/// Scenarios and evidence made by hand: what is claimed, what was seen, what is judged.

namespace tocsin::assertions {
namespace {

using scenario::ValueClaim;

constexpr Timestamp kStart = from_ms(1'000'000'000'000);

Duration minutes(double n) {
  return Duration(static_cast<std::int64_t>(n * 60'000));
}

/// Series given as values at regular times.
class Samples final : public SeriesSource {
 public:
  void add(Labels labels, Duration step, std::vector<double> values) {
    Series& series = series_.emplace_back();
    series.labels = std::move(labels);
    for (std::size_t i = 0; i < values.size(); ++i) {
      series.times.push_back(to_ms(kStart + static_cast<std::int64_t>(i) * step));
    }
    series.values = std::move(values);
  }

  std::vector<SeriesView> select(std::span<const Matcher> matchers,
                                 TimeRange range) const override {
    std::vector<SeriesView> views;
    for (const Series& series : series_) {
      bool all = true;
      for (const Matcher& matcher : matchers) all = all && matcher.matches(series.labels);
      if (!all) continue;
      std::size_t begin = 0;
      std::size_t end = series.times.size();
      while (begin < end && from_ms(series.times[begin]) < range.from) ++begin;
      while (end > begin && from_ms(series.times[end - 1]) > range.to) --end;
      if (begin == end) continue;
      SeriesView view;
      view.labels = series.labels;
      view.timestamps = std::span(series.times).subspan(begin, end - begin);
      view.values = std::span(series.values).subspan(begin, end - begin);
      views.push_back(std::move(view));
    }
    return views;
  }
  const FamilyInfo* family(std::string_view) const override { return nullptr; }

 private:
  struct Series {
    Labels labels;
    std::vector<std::int64_t> times;
    std::vector<double> values;
  };
  std::vector<Series> series_;
};

class JudgeTest : public testing::Test {
 protected:
  JudgeTest() {
    auto system = std::make_shared<scenario::System>();
    system->name = "test";
    scenario_.system = system;
    scenario_.name = "test";
    scenario_.length = minutes(20);
    evidence_.run.start = kStart;
    evidence_.run.end = kStart + minutes(20);
    evidence_.run.planned = minutes(20);
    evidence_.run.evaluation_interval = std::chrono::seconds(15);
    evidence_.run.scrape_interval = std::chrono::seconds(15);
    evidence_.events = {{EventKind::kFaultStart, "fault", "service error_rate 8%", at(5)},
                        {EventKind::kFaultEnd, "fault", {}, at(15)}};
    samples_ = std::make_shared<Samples>();
    evidence_.samples = samples_;
  }

  static Timestamp at(double minute) { return kStart + minutes(minute); }

  static scenario::TimeWindow window(double from, double to, std::string text = "in time") {
    return {minutes(from), minutes(to), std::move(text)};
  }

  static ValueClaim claim(ValueClaim::Kind kind, double value, double more = 0) {
    ValueClaim result;
    result.kind = kind;
    result.value = value;
    result.upper = result.tolerance = more;
    result.text = "the value";
    return result;
  }

  AlertEpisode& episode(std::string alert, double pending, std::optional<double> firing,
                        std::optional<double> resolved) {
    AlertEpisode& episode = evidence_.episodes.emplace_back();
    episode.alert = std::move(alert);
    episode.labels = {{"alertname", episode.alert}, {"severity", "critical"}};
    episode.pending_at = at(pending);
    if (firing) episode.firing_at = at(*firing);
    if (resolved) episode.resolved_at = at(*resolved);
    return episode;
  }

  scenario::AlertExpectation& expect_alert(std::string alert) {
    auto& expectation = scenario_.expect.alerts.emplace_back();
    expectation.alert = std::move(alert);
    return expectation;
  }

  /// The only judgement.
  Judgement judge_one() {
    const Verdict verdict = judge(scenario_, evidence_);
    EXPECT_EQ(verdict.judgements.size(), 1u);
    return verdict.judgements.empty() ? Judgement() : verdict.judgements.front();
  }

  void expect_outcome(Outcome outcome, const std::string& seen) {
    const Judgement judgement = judge_one();
    EXPECT_EQ(judgement.outcome, outcome) << judgement.claim;
    EXPECT_EQ(judgement.seen, seen);
    // What did not pass brings its background; the missing of evidence may have none.
    EXPECT_TRUE(outcome != Outcome::kFail || !judgement.around.empty()) << judgement.claim;
  }

  void interrupt(double minute) {
    evidence_.run.partial = true;
    evidence_.run.end = at(minute);
  }

  scenario::Scenario scenario_;
  Evidence evidence_;
  std::shared_ptr<Samples> samples_;
};

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
                       {0.99, claim(ValueClaim::Kind::kLess, 0.1)}};
  auto& nowhere = scenario_.expect.load.emplace_back();
  nowhere.endpoint = "/none";
  nowhere.throughput = claim(ValueClaim::Kind::kGreater, 0);
  const Verdict verdict = judge(scenario_, evidence_);
  EXPECT_EQ(verdict.count(Outcome::kPass), 4u);
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
