#include "harness/run/simulate.h"

#include <chrono>
#include <ctime>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/run/evidence_json.h"
#include "harness/run/test_drill.h"

namespace tocsin::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Evidence run(const Drill& drill, const SimulationOptions& options = {}) {
  return simulate(drill.scenario, *drill.rules, options);
}

Evidence run(const std::string& scenario, const Edits& edits = {}) {
  return run(small_drill(scenario, edits));
}

/// One line each: ErrorsHigh pending 1m5s firing 1m35s resolved 3m.
std::vector<std::string> story_of(const Evidence& evidence) {
  std::vector<std::string> lines;
  const auto when = [&](Timestamp t) { return format_duration(evidence.offset_of(t)); };
  for (const AlertEpisode& episode : evidence.episodes) {
    std::string line = episode.alert + " pending " + when(episode.pending_at);
    if (episode.firing_at) line += " firing " + when(*episode.firing_at);
    if (episode.resolved_at) line += " resolved " + when(*episode.resolved_at);
    lines.push_back(std::move(line));
  }
  return lines;
}

/// "+" where a scrape was good, else its error; by target.
std::vector<std::string> scrapes_of(const Evidence& evidence, const std::string& target) {
  std::vector<std::string> all;
  for (const ScrapeRecord& scrape : evidence.scrapes) {
    if (scrape.target == target) all.push_back(scrape.ok ? "+" : scrape.error);
  }
  return all;
}

// --- the same seed, the same bytes ---

constexpr const char* kNoisy = R"(
seed: 42
traffic: {rate: 50/s, for: 3m}
faults: [{at: 1m, for: 1m, service: {error_rate: 30%}}]
)";

TEST(Simulate, TheSameSeedGivesTheSameBytes) {
  const Drill drill = small_drill(kNoisy);
  const Evidence a = run(drill);
  const Evidence b = run(drill);
  EXPECT_EQ(evidence_to_json(a).dump(), evidence_to_json(b).dump());
  EXPECT_EQ(samples_of(a), samples_of(b));
}

TEST(Simulate, AnotherSeedGivesOtherNumbers) {
  Drill drill = small_drill(kNoisy);
  const Evidence a = run(drill);
  drill.scenario.seed = 43;
  const Evidence b = run(drill);
  EXPECT_NE(samples_of(a), samples_of(b));
  EXPECT_NE(values_of(a, "queue_length"), values_of(b, "queue_length"));
  EXPECT_NE(values_of(a, "requests_total"), values_of(b, "requests_total"));
}

TEST(Simulate, ASignalMoreLeavesTheOthersAsTheyWere) {
  const Evidence before = run(kNoisy);
  const Evidence after = run(kNoisy, {{"    queue: {value: 10, noise: 10%}",
                                       "    disk: {value: 3, noise: 20%}\n"
                                       "    queue: {value: 10, noise: 10%}"},
                                      {"    queue_length:",
                                       "    disk_free: {type: gauge, help: Disk, value: disk}\n"
                                       "    queue_length:"}});
  EXPECT_THAT(values_of(after, "disk_free"), SizeIs(1));
  const auto all = before.samples->select({}, {});
  ASSERT_GT(all.size(), 20U);
  for (const SeriesView& view : all) {
    const std::string name(view.labels.metric_name());
    if (name.starts_with("scrape_")) continue;  // they count samples
    EXPECT_EQ(values_of(before, name), values_of(after, name));
  }
}

// --- exact values ---

TEST(Simulate, WithoutNoiseValuesAreExact) {
  const Evidence evidence = run("noise: none\ntraffic: {rate: 40/s, for: 20s, mix: {/read: 1}}\n");
  EXPECT_THAT(values_of(evidence, "queue_length"), ElementsAre("10,10,10,10,10"));
  EXPECT_THAT(values_of(evidence, "cache_evictions_total"), ElementsAre("0,15,30,45,60"));
  EXPECT_THAT(values_of(evidence, "requests_total", {{"status", "200"}}),
              ElementsAre("198,396,594,792"));
  EXPECT_THAT(values_of(evidence, "requests_total", {{"status", "500"}}), ElementsAre("2,4,6,8"));
  EXPECT_THAT(values_of(evidence, "request_duration_seconds_count"),
              ElementsAre("0,200,400,600,800"));
  // Half of them take up to the median, which is a bucket's bound.
  EXPECT_THAT(values_of(evidence, "request_duration_seconds_bucket", {{"le", "0.002"}}),
              ElementsAre("0,100,200,300,400"));
}

TEST(Simulate, ACountIsExact) {
  const Evidence evidence = run("traffic: {count: 100, for: 20s}\n");
  ASSERT_TRUE(evidence.load.has_value());
  EXPECT_EQ(evidence.load->total.ledger.scheduled, 100U);
  EXPECT_EQ(evidence.load->total.response.count(), 100U);
  const SeriesView all = series_of(
      evidence, "request_duration_seconds_count{instance=\"localhost:8080\", job=\"small\"}");
  EXPECT_EQ(all.values.back(), 100);
}

TEST(Simulate, LoadSlicesAddUp) {
  const Evidence evidence = run("traffic: {rate: 33/s, for: 61s}\n");
  const LoadResult& load = evidence.load.value();
  std::uint64_t scheduled = 0;
  for (const LoadSlice& slice : load.slices) {
    EXPECT_TRUE(slice.counts.ledger.balanced());
    scheduled += slice.counts.ledger.scheduled;
  }
  EXPECT_EQ(scheduled, load.total.ledger.scheduled);
  EXPECT_EQ(load.from, evidence.run.start);
}

// --- alerts ---

// By hand: a minute up to an evaluation holds twelve scrapes and the eleven stretches between them.
// With k of them in the fault, 0.4 k + 0.0075 (11 - k) elevenths are errors (1 % of three quarters
// outside it): above 10 % from k = 3 on, which is 15 s after its start, and no more at k = 2, which
// is nine stretches after its end.
TEST(Simulate, AlertsRingWhenTheArithmeticSays) {
  const Evidence evidence = run(R"(
noise: none
traffic: {rate: 100/s, for: 4m}
faults: [{at: 1m, for: 1m, service: {error_rate: 40%}}]
)");
  EXPECT_THAT(story_of(evidence),
              ElementsAre("ErrorsHigh pending 1m15s firing 1m45s resolved 2m45s"));
  const AlertEpisode& episode = evidence.episodes.at(0);
  EXPECT_EQ(episode.hold, seconds(30));
  EXPECT_EQ(episode.labels, (Labels{{"alertname", "ErrorsHigh"}, {"severity", "critical"}}));
  EXPECT_THAT(episode.annotations.at("summary"), HasSubstr("% of requests fail"));
  EXPECT_THAT(values_of(evidence, "ALERTS", {{"alertstate", "firing"}}), SizeIs(1));
}

TEST(Simulate, PhasesShiftScrapesAndEvaluations) {
  SimulationOptions options;
  options.scrape_phase = seconds(2);
  options.evaluation_phase = seconds(3);
  const Evidence evidence = run(small_drill("traffic: {rate: 10/s, for: 20s}\n"
                                            "faults: [{at: 4s, for: 6s, cache: {fill: 90%}}]\n"),
                                options);
  for (const ScrapeRecord& scrape : evidence.scrapes) {
    EXPECT_EQ((evidence.offset_of(scrape.at) - seconds(2)) % seconds(5), Duration(0));
  }
  EXPECT_THAT(story_of(evidence), ElementsAre("CacheFull pending 8s resolved 13s"));
}

// --- faults of targets ---

TEST(Simulate, DownIsSeenByScrapesProbesAndRules) {
  const Evidence evidence = run(R"(
noise: none
traffic: {rate: 10/s, for: 60s}
faults: [{at: 20s, for: 20s, service: down}]
)");
  EXPECT_THAT(values_of(evidence, "up", {{"job", "small"}}),
              ElementsAre("1,1,1,1,0,0,0,0,1,1,1,1,1"));
  EXPECT_THAT(values_of(evidence, "up", {{"job", "cache"}}),
              ElementsAre("1,1,1,1,1,1,1,1,1,1,1,1,1"));
  EXPECT_THAT(values_of(evidence, "queue_length"), ElementsAre("10,10,10,10,stale,10,10,10,10,10"));
  EXPECT_THAT(values_of(evidence, "scrape_samples_scraped", {{"job", "small"}}),
              ElementsAre("8,10,11,11,0,0,0,0,8,10,11,11,11"));
  // The new process counts from zero.
  EXPECT_THAT(values_of(evidence, "request_duration_seconds_count"),
              ElementsAre("0,50,100,150,stale,0,50,100,150,200"));
  EXPECT_THAT(scrapes_of(evidence, "service"),
              ElementsAre("+", "+", "+", "+", "connection refused", "connection refused",
                          "connection refused", "connection refused", "+", "+", "+", "+", "+"));
  std::string thought;
  for (const ProbeResult& probe : evidence.probes) {
    thought += probe.considered_ok ? 'o' : 'x';
    EXPECT_EQ(probe.status_code == 0, probe.error == "connection refused");
  }
  // From 5 s on every 5 s; two failures change Kubernetes' mind.
  EXPECT_EQ(thought,
            "oooo"
            "xxx"
            "ooooo");
  EXPECT_EQ(evidence.load->total.by_error.at("connection refused"), 200U);
}

TEST(Simulate, AHangTimesOut) {
  const Evidence evidence = run(R"(
traffic: {rate: 10/s, for: 30s}
faults: [{at: 10s, for: 10s, service: hang}]
)");
  EXPECT_THAT(scrapes_of(evidence, "service"),
              ElementsAre("+", "+", "timeout", "timeout", "+", "+", "+"));
  EXPECT_THAT(values_of(evidence, "scrape_duration_seconds", {{"job", "small"}}),
              ElementsAre(HasSubstr(",3,3,")));
  for (const ProbeResult& probe : evidence.probes) {
    if (probe.error.empty()) continue;
    EXPECT_EQ(probe.error, "timeout");
    EXPECT_EQ(probe.latency, seconds(1));
  }
}

TEST(Simulate, ASlowScrapeFailsOnlyBeyondItsTimeout) {
  const auto with_delay = [](const std::string& delay) {
    return run(
        "traffic: {rate: 10/s, for: 20s}\n"
        "faults: [{at: 5s, for: 5s, service: {slow_scrape: " +
        delay + "}}]\n");
  };
  const Evidence slow = with_delay("2500ms");
  EXPECT_THAT(scrapes_of(slow, "service"), Each("+"));
  EXPECT_GT(slow.scrapes.at(2).duration, milliseconds(2500));
  EXPECT_THAT(scrapes_of(with_delay("3500ms"), "service"),
              ElementsAre("+", "timeout", "+", "+", "+"));
}

TEST(Simulate, AMalformedPageEndsTheSeries) {
  const Evidence evidence = run(R"(
noise: none
traffic: {rate: 10/s, for: 20s}
faults: [{at: 5s, for: 5s, service: {malformed_scrape: true}}]
)");
  EXPECT_THAT(scrapes_of(evidence, "service"),
              ElementsAre("+", "not an exposition", "+", "+", "+"));
  EXPECT_THAT(values_of(evidence, "queue_length"), ElementsAre("10,stale,10,10,10"));
  // The process lives on.
  EXPECT_THAT(values_of(evidence, "request_duration_seconds_count"),
              ElementsAre("0,stale,100,150,200"));
  EXPECT_THAT(evidence.probes, Each(testing::Field(&ProbeResult::status_code, 200)));
}

TEST(Simulate, ARestartCountsFromZero) {
  const Evidence evidence = run(R"(
noise: none
traffic: {rate: 40/s, for: 25s, mix: {/read: 1}}
faults: [{at: 15s, service: restart}]
)");
  EXPECT_THAT(scrapes_of(evidence, "service"), Each("+"));
  EXPECT_THAT(values_of(evidence, "request_duration_seconds_count"),
              ElementsAre("0,200,400,0,200,400"));
  // A labelled series that the new process has not used is not there.
  EXPECT_THAT(values_of(evidence, "requests_total", {{"status", "200"}}),
              ElementsAre("198,396,stale,198,396"));
}

TEST(Simulate, HealthFollowsItsSignals) {
  const Evidence evidence = run(R"(
traffic: {rate: 10/s, for: 30s}
faults: [{at: 10s, for: 10s, service: {db.up: 0}}]
)");
  std::string codes;
  for (const ProbeResult& probe : evidence.probes) {
    codes += std::to_string(probe.status_code) + ' ';
    EXPECT_EQ(probe.body.find("unhealthy") != std::string::npos, probe.status_code == 503);
  }
  EXPECT_EQ(codes, "200 503 503 200 200 200 ");
}

// --- labels, families ---

TEST(Simulate, TargetsHaveTheirLabels) {
  const Evidence evidence = run("traffic: {rate: 10/s, for: 10s}\n");
  EXPECT_FALSE(series_of(evidence,
                         "cache_fill_ratio{instance=\"localhost:8081\", job=\"cache\", zone=\"a\"}")
                   .values.empty());
  ASSERT_THAT(evidence.targets, SizeIs(2));
  EXPECT_EQ(evidence.targets[0].target, "service");
  EXPECT_THAT(evidence.targets[0].lint, IsEmpty());
  EXPECT_EQ(evidence.samples->family("cache_evictions_total")->type, MetricType::kCounter);
}

TEST(Simulate, LabelsOfThePageGiveWayUnlessHonoured) {
  const Edits conflict = {{"help: Share in use,", "help: Share in use, labels: {job: own},"}};
  EXPECT_THAT(values_of(run("traffic: {rate: 1/s, for: 5s}", conflict), "cache_fill_ratio",
                        {{"job", "cache"}, {"exported_job", "own"}}),
              SizeIs(1));
  Edits honoured = conflict;
  honoured.emplace_back("labels: {zone: a}\n    scrape: {",
                        "labels: {zone: a}\n    scrape: {honor_labels: true, ");
  EXPECT_THAT(values_of(run("traffic: {rate: 1/s, for: 5s}", honoured), "cache_fill_ratio",
                        {{"job", "own"}, {"exported_job", ""}}),
              SizeIs(1));
}

// --- edges ---

TEST(Simulate, WithoutTrafficNothingIsMeasured) {
  const Evidence evidence = run("faults: [{at: 10s, for: 20s, cache: {fill: 50%}}]\n");
  EXPECT_THAT(values_of(evidence, "up"), ElementsAre("1,1,1,1,1,1,1", "1,1,1,1,1,1,1"));
  EXPECT_THAT(values_of(evidence, "request_duration_seconds_count"), ElementsAre("0,0,0,0,0,0,0"));
  EXPECT_FALSE(evidence.load.has_value());
  EXPECT_THAT(story_of(evidence), IsEmpty());
  EXPECT_FALSE(evidence.run.partial);
}

TEST(Simulate, ASystemThatExportsNothingIsStillUp) {
  Drill drill = small_drill("traffic: {rate: 1/s, for: 10s}\n");
  auto bare = std::make_shared<scenario::System>(*drill.scenario.system);
  bare->exporters.clear();
  bare->service.instruments.clear();
  bare->service.health.clear();
  bare->service.signals.clear();
  drill.scenario.system = bare;
  const Evidence evidence = simulate(drill.scenario, {}, {});
  EXPECT_THAT(values_of(evidence, "up"), ElementsAre("1,1,1"));
  EXPECT_THAT(values_of(evidence, "scrape_samples_scraped"), ElementsAre("0,0,0"));
  EXPECT_THAT(evidence.episodes, IsEmpty());
}

TEST(Simulate, ARunOfNoLengthSeesItsStart) {
  Drill drill = small_drill("traffic: {rate: 10/s, for: 10s}\n");
  drill.scenario.traffic.phases.clear();
  drill.scenario.length = Duration(0);
  const Evidence evidence = run(drill);
  EXPECT_THAT(values_of(evidence, "up"), ElementsAre("1", "1"));
  EXPECT_EQ(evidence.run.end, evidence.run.start);
  EXPECT_FALSE(evidence.run.partial);
}

TEST(Simulate, StoppedBeforeItBeginsItIsPartial) {
  const std::atomic<bool> stop{true};
  SimulationOptions options;
  options.stop = &stop;
  const Evidence evidence = run(small_drill(kNoisy), options);
  EXPECT_TRUE(evidence.run.partial);
  EXPECT_THAT(evidence.scrapes, IsEmpty());
  ASSERT_NE(evidence.samples, nullptr);
}

TEST(Simulate, StoppedHalfWayAllTargetsCameEquallyFar) {
  const Drill drill = small_drill("traffic: {rate: 10/s, for: 2000h}\n");
  std::atomic<bool> stop{false};
  SimulationOptions options;
  options.stop = &stop;
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    stop = true;
  });
  const Evidence evidence = run(drill, options);
  stopper.join();
  EXPECT_TRUE(evidence.run.partial);
  EXPECT_LT(evidence.run.end, evidence.at_offset(drill.scenario.length));
  EXPECT_EQ(evidence.run.planned, drill.scenario.length);
  const std::size_t service = scrapes_of(evidence, "service").size();
  const std::size_t cache = scrapes_of(evidence, "cache").size();
  EXPECT_LE(service - cache, 1U);
  for (const ScrapeRecord& scrape : evidence.scrapes) EXPECT_LE(scrape.at, evidence.run.end);
}

// --- cost ---

/// Time that this thread had a processor.
Nanos processor_time() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + Nanos(used.tv_nsec);
}

/// The best of a few, so that a busy machine does not decide.
Nanos cost_of(const Drill& drill) {
  Nanos best = Nanos::max();
  for (int i = 0; i < 5; ++i) {
    const Nanos began = processor_time();
    run(drill);
    best = std::min(best, processor_time() - began);
  }
  return best;
}

TEST(Simulate, AMillionRequestsASecondCostWhatTenDo) {
  const Nanos few = cost_of(small_drill("traffic: {rate: 10/s, for: 2h}\n"));
  const Drill many = small_drill("traffic: {rate: 1000000/s, for: 2h}\n");
  EXPECT_LT(cost_of(many), 4 * few);
  EXPECT_NEAR(static_cast<double>(run(many).load->total.ledger.scheduled), 7.2e9, 1e7);
}

}  // namespace
}  // namespace tocsin::run
