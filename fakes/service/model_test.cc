#include "fakes/service/model.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/service/distribution.h"
#include "fakes/service/test_target.h"

namespace tocsin::fakes {
namespace {

using faults::FaultTimeline;
using faults::TargetFaultKind;
using scenario::InstrumentSeries;
using scenario::Noise;
using std::chrono::minutes;
using std::chrono::seconds;
using Binding = InstrumentSeries::Binding;
using ::testing::DoubleNear;

const FaultTimeline kNoFaults;

ModelOptions exact(const traffic::Traffic& traffic) {
  return {.noise = Noise::kNone, .traffic = &traffic};
}

TEST(TargetModel, WithoutNoiseEveryCountIsTheExpectedOne) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(100, minutes(10));
  TargetModel model(target, kNoFaults, exact(traffic));
  for (int i = 1; i <= 40; ++i) {
    model.read(seconds(15 * i));
    EXPECT_EQ(sum(model, "requests_total"), 1500 * i);
    EXPECT_NEAR(sum(model, R"(requests_total{endpoint="/chat")"), 1125 * i, 1);
  }
  // 60,000 requests, 45,000 of them to /chat.
  const auto requests = [&](const char* labels) {
    return value(model, std::string("requests_total{endpoint=") + labels);
  };
  EXPECT_NEAR(requests(R"("/chat", status="200"})"), 43650, 2);
  EXPECT_NEAR(requests(R"("/chat", status="404"})"), 450, 1);
  EXPECT_NEAR(requests(R"("/chat", status="500"})"), 675, 1);
  EXPECT_NEAR(requests(R"("/chat", status="503"})"), 225, 1);
  EXPECT_NEAR(requests(R"("/list", status="500"})"), 150, 1);
}

TEST(TargetModel, HistogramsAgreeWithCountersAndDistribution) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(100, minutes(10));
  TargetModel model(target, kNoFaults, exact(traffic));
  model.read(minutes(10));
  const Distribution latency(target.endpoints[0].latency);
  const double n = value(model, R"(latency_seconds_count{endpoint="/chat"})");
  EXPECT_EQ(n, 45000);
  EXPECT_EQ(value(model, R"(latency_seconds_bucket{endpoint="/chat", le="+Inf"})"), n);
  double below = 0;
  for (const char* le : {"0.1", "0.5", "1", "2", "3", "5"}) {
    const double count =
        value(model, std::string(R"(latency_seconds_bucket{endpoint="/chat", le=")") + le + "\"}");
    EXPECT_GE(count, below);
    EXPECT_NEAR(count, n * latency.cdf(std::stod(le)), 2) << le;
    below = count;
  }
  EXPECT_NEAR(value(model, R"(latency_seconds_sum{endpoint="/chat"})"), n * latency.mean(), 1e-6);
}

TEST(TargetModel, AnErrorRateFaultGivesExactlyThatShare) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(100, minutes(25));
  const FaultTimeline faults({change("error_rate", 0.08, minutes(5), minutes(10))});
  TargetModel model(target, faults, exact(traffic));
  const auto errors = [&] {
    double count = 0;
    for (std::size_t i = 0; i < model.series().size(); ++i) {
      const Labels& labels = model.series()[i];
      const bool error =
          labels.metric_name() == "requests_total" && labels.get("status").starts_with("5");
      if (error && !is_stale(model.values()[i])) count += model.values()[i];
    }
    return count;
  };
  model.read(minutes(5));
  const double before = errors();
  EXPECT_NEAR(before, 30000 * (0.75 * 0.02 + 0.25 * 0.01), 2);
  model.read(minutes(15));
  EXPECT_NEAR(errors() - before, 60000 * 0.08, 2);
  EXPECT_DOUBLE_EQ(model.signal("error_rate", minutes(10)), 0.08);
  EXPECT_DOUBLE_EQ(model.signal("error_rate", minutes(16)), 0.75 * 0.02 + 0.25 * 0.01);
}

TEST(TargetModel, ServiceErrorsKeepTheirProportions) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(100, minutes(10));
  const FaultTimeline faults({change("error_rate", 0.4, Duration(0), minutes(10))});
  TargetModel model(target, faults, exact(traffic));
  model.read(minutes(10));
  EXPECT_NEAR(value(model, R"(requests_total{endpoint="/chat", status="500"})"), 13500, 2);
  EXPECT_NEAR(value(model, R"(requests_total{endpoint="/chat", status="503"})"), 4500, 2);
  EXPECT_NEAR(value(model, R"(requests_total{endpoint="/chat", status="404"})"),
              27000 * 0.01 / 0.98, 2);
}

TEST(TargetModel, AFaultMidwayBetweenScrapesCountsForItsPart) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(100, minutes(1));
  const FaultTimeline faults({change("error_rate", 1, seconds(20), seconds(10))});
  TargetModel model(target, faults, exact(traffic));
  model.read(minutes(1));
  const double successes = value(model, R"(requests_total{endpoint="/list", status="200"})");
  EXPECT_NEAR(successes, 25 * 50 * 0.99, 1);
}

TEST(TargetModel, ALatencyFaultMovesItsPercentile) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(100, minutes(10));
  const FaultTimeline faults({change("latency.p95", 3, Duration(0), minutes(10))});
  TargetModel model(target, faults, exact(traffic));
  model.read(minutes(10));
  EXPECT_NEAR(value(model, R"(latency_seconds_bucket{endpoint="/chat", le="3"})"), 0.95 * 45000, 1);
  EXPECT_NEAR(value(model, R"(latency_seconds_bucket{endpoint="/list", le="3"})"), 0.95 * 15000, 1);
  EXPECT_NEAR(model.signal("latency.p95", minutes(5)), 3, 1e-6);
}

TEST(TargetModel, LatencyMayBeScaledAndShifted) {
  using Kind = faults::SignalChange::Kind;
  const scenario::Target target = small_service();
  faults::Fault slower = change("latency", 3, Duration(0), minutes(10), Kind::kFactor);
  slower.changes[0].endpoint = "/chat";
  const FaultTimeline faults(
      {slower, change("latency", 0.5, Duration(0), minutes(10), Kind::kOffset)});
  const traffic::Traffic traffic = steady(100, minutes(10));
  TargetModel model(target, faults, exact(traffic));
  model.read(minutes(10));
  const Distribution chat(target.endpoints[0].latency);
  const Distribution list(target.endpoints[1].latency);
  EXPECT_NEAR(value(model, R"(latency_seconds_sum{endpoint="/chat"})"),
              45000 * (3 * chat.mean() + 0.5), 1e-3);
  EXPECT_NEAR(value(model, R"(latency_seconds_sum{endpoint="/list"})"), 15000 * (list.mean() + 0.5),
              1e-3);
}

TEST(TargetModel, RampsAreTakenAtTheirMiddle) {
  const scenario::Target target = small_service();
  faults::Fault ramp = change("error_rate", 0.4, Duration(0), minutes(10));
  ramp.changes[0].from = 0.0;
  const FaultTimeline faults({ramp});
  const traffic::Traffic traffic = steady(100, minutes(10));
  TargetModel model(target, faults, exact(traffic));
  for (int i = 1; i <= 40; ++i) model.read(seconds(15 * i));
  const double errors = 15000 - value(model, R"(requests_total{endpoint="/list", status="200"})");
  EXPECT_NEAR(errors, 15000 * 0.2, 10);
}

TEST(TargetModel, RandomCountsScatterAsTheyShould) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(100, minutes(10), traffic::Arrivals::kPoisson);
  TargetModel model(target, kNoFaults, {.seed = 5, .traffic = &traffic});
  double last = 0;
  double variance = 0;
  for (int i = 1; i <= 200; ++i) {
    model.read(seconds(3 * i));
    const double now = sum(model, "requests_total");
    variance += (now - last - 300) * (now - last - 300) / 200;
    last = now;
    EXPECT_EQ(sum(model, "latency_seconds_count"), now);
  }
  EXPECT_NEAR(last, 60000, 5 * std::sqrt(60000));
  // Poisson: the variance is the mean; its estimate from 200 draws scatters by 10 %.
  EXPECT_NEAR(variance, 300, 120);
  const Distribution latency(target.endpoints[0].latency);
  const double n = value(model, R"(latency_seconds_count{endpoint="/chat"})");
  EXPECT_NEAR(value(model, R"(latency_seconds_sum{endpoint="/chat"})") / n, latency.mean(),
              5 * latency.mean() / std::sqrt(n));
  const double at_most = value(model, R"(latency_seconds_bucket{endpoint="/chat", le="0.5"})");
  const double p = latency.cdf(0.5);
  EXPECT_NEAR(at_most, n * p, 5 * std::sqrt(n * p * (1 - p)));
}

TEST(TargetModel, TheSameSeedGivesTheSameBytes) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(20, minutes(10), traffic::Arrivals::kPoisson);
  const auto run = [&](std::uint64_t seed) {
    TargetModel model(target, kNoFaults, {.seed = seed, .traffic = &traffic});
    std::vector<double> all;
    for (int i = 1; i <= 40; ++i) {
      const auto values = model.read(seconds(15 * i));
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST(TargetModel, AnotherInstrumentOrSignalDisturbsNothing) {
  const scenario::Target target = small_service();
  scenario::Target larger = target;
  larger.signals = {signal("load", "0.5", 0.2)};
  larger.instruments.push_back(
      instrument("load_ratio", MetricType::kGauge, {bound(Binding::kValue, "load")}));
  larger.instruments.push_back(
      instrument("events_total", MetricType::kCounter, {bound(Binding::kRate, "30")}));
  const traffic::Traffic traffic = steady(20, minutes(10), traffic::Arrivals::kPoisson);
  TargetModel a(target, kNoFaults, {.seed = 1, .traffic = &traffic});
  TargetModel b(larger, kNoFaults, {.seed = 1, .traffic = &traffic});
  for (int i = 1; i <= 20; ++i) {
    a.read(seconds(15 * i));
    b.read(seconds(15 * i));
    b.signal("load", seconds(15 * i) - Duration(1));  // nor does asking in between
    for (const Labels& labels : a.series()) {
      const double ours = value(a, labels.to_string());
      if (is_stale(ours)) continue;
      EXPECT_EQ(ours, value(b, labels.to_string())) << labels.to_string();
    }
  }
}

TEST(TargetModel, LabelledCountersAppearWithTheirFirstUse) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(1, minutes(10));
  TargetModel model(target, kNoFaults, exact(traffic));
  model.read(Duration(0));
  EXPECT_EQ(sum(model, "requests_total"), 0);
  EXPECT_TRUE(std::isnan(value(model, R"(requests_total{endpoint="/chat", status="503"})")));
  EXPECT_EQ(value(model, R"(latency_seconds_count{endpoint="/chat"})"), 0);
  const std::size_t before = model.series().size();
  const Labels first = model.series()[0];
  model.read(minutes(10));
  EXPECT_GT(model.series().size(), before);
  EXPECT_EQ(model.series()[0], first);
  EXPECT_EQ(value(model, R"(requests_total{endpoint="/chat", status="503"})"), 2);
}

TEST(TargetModel, ARestartBeginsAtZero) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(100, minutes(10));
  const FaultTimeline faults({target_fault(TargetFaultKind::kRestart, minutes(2), Duration(0))});
  TargetModel model(target, faults, exact(traffic));
  model.read(minutes(2) - seconds(1));
  EXPECT_EQ(sum(model, "requests_total"), 11900);
  EXPECT_EQ(model.signal("uptime", minutes(2) - seconds(1)), 119);
  model.read(minutes(2));
  EXPECT_EQ(sum(model, "requests_total"), 0);
  EXPECT_TRUE(is_stale(value(model, R"(requests_total{endpoint="/chat", status="200"})")));
  EXPECT_EQ(value(model, R"(latency_seconds_count{endpoint="/chat"})"), 0);
  model.read(minutes(3));
  EXPECT_EQ(sum(model, "requests_total"), 6000);
  EXPECT_EQ(model.signal("uptime", minutes(3)), 60);
  model.restart(minutes(4));
  EXPECT_EQ(sum(model, "requests_total"), 0);
  EXPECT_EQ(model.signal("uptime", minutes(5)), 60);
}

TEST(TargetModel, WhatANewFaultHasRestartedByNowRestarts) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(100, minutes(20));
  const FaultTimeline before;
  TargetModel model(target, before, exact(traffic));
  model.read(minutes(2));
  EXPECT_EQ(sum(model, "requests_total"), 12000);
  const FaultTimeline after({target_fault(TargetFaultKind::kRestart, minutes(2), Duration(0))});
  model.set_faults(after);
  model.read(minutes(3));
  EXPECT_EQ(sum(model, "requests_total"), 6000);
  EXPECT_EQ(model.signal("uptime", minutes(3)), 60);
  model.set_faults(before);
  model.read(minutes(4));
  EXPECT_EQ(sum(model, "requests_total"), 12000);
}

TEST(TargetModel, WhileDownOrHangingNothingIsCounted) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(100, minutes(20));
  const FaultTimeline faults({target_fault(TargetFaultKind::kHang, minutes(2), minutes(1)),
                              target_fault(TargetFaultKind::kDown, minutes(5), minutes(1))});
  ModelOptions options = exact(traffic);
  options.load_slice = seconds(10);
  TargetModel model(target, faults, options);
  model.read(minutes(2));
  EXPECT_EQ(sum(model, "requests_total"), 12000);
  model.read(minutes(3));
  EXPECT_EQ(sum(model, "requests_total"), 12000);
  model.read(minutes(6));  // and a process that was down starts anew
  EXPECT_EQ(sum(model, "requests_total"), 0);
  model.read(minutes(20));
  EXPECT_EQ(sum(model, "requests_total"), 84000);

  const LoadResult load = model.load();
  EXPECT_TRUE(load.total.ledger.balanced());
  EXPECT_EQ(load.total.ledger.scheduled, 120000u);
  EXPECT_EQ(load.total.by_error.at("timeout"), 6000u);
  EXPECT_EQ(load.total.by_error.at("connection refused"), 6000u);
  EXPECT_EQ(load.total.response.count(), 108000u);
}

TEST(TargetModel, ACountIsExact) {
  const scenario::Target target = small_service();
  for (const Noise noise : {Noise::kRandom, Noise::kNone}) {
    traffic::Traffic traffic = steady(0, minutes(3), traffic::Arrivals::kPoisson);
    traffic.phases[0].count = 100;
    TargetModel model(target, kNoFaults, {.seed = 3, .noise = noise, .traffic = &traffic});
    double last = 0;
    for (int i = 1; i <= 16; ++i) {
      model.read(seconds(15 * i));
      EXPECT_GE(sum(model, "requests_total"), last);
      last = sum(model, "requests_total");
    }
    EXPECT_EQ(last, 100);
    EXPECT_EQ(sum(model, R"(requests_total{endpoint="/chat")"), 75);
  }
}

TEST(TargetModel, UsersWaitAndThink) {
  const scenario::Target target = small_service();
  traffic::Traffic traffic = steady(0, minutes(10));
  traffic.phases[0].users = traffic::Users{.count = 50, .think = seconds(2)};
  TargetModel model(target, kNoFaults, exact(traffic));
  model.read(minutes(10));
  const Distribution chat(target.endpoints[0].latency);
  const Distribution list(target.endpoints[1].latency);
  const double cycle = 2 + 0.75 * chat.mean() + 0.25 * list.mean();
  EXPECT_NEAR(sum(model, "requests_total"), 600 * 50 / cycle, 1);
  EXPECT_NEAR(model.signal("request_rate", minutes(5)), 50 / cycle, 1e-9);
  EXPECT_NEAR(model.signal("in_flight", minutes(5)), 50 / cycle * (cycle - 2), 1e-9);
}

TEST(TargetModel, PhasesHaveTheirOwnMix) {
  const scenario::Target target = small_service();
  traffic::Traffic traffic = steady(10, minutes(1));
  traffic.phases.push_back(traffic.phases[0]);
  traffic.phases[1].mix = {{"/list", 1}};
  TargetModel model(target, kNoFaults, exact(traffic));
  model.read(minutes(2));
  EXPECT_EQ(value(model, R"(latency_seconds_count{endpoint="/chat"})"), 450);
  EXPECT_EQ(value(model, R"(latency_seconds_count{endpoint="/list"})"), 750);
  EXPECT_EQ(model.signal("request_rate", minutes(3)), 0);
}

TEST(TargetModel, PerRequestAndRateInstruments) {
  scenario::Target target = small_service();
  target.signals = {signal("hits", "70%"), distribution_signal("calls", {{0.5, 1}, {0.95, 4}})};
  const auto label = [](std::string result) {
    return std::vector{constant_label("result", std::move(result))};
  };
  InstrumentSeries cost = bound(Binding::kPerRequest, "0.002");
  cost.fractional = true;
  cost.only_endpoint = "/chat";
  InstrumentSeries failures = bound(Binding::kPerRequest, "1");
  failures.only_statuses = {"5xx"};
  InstrumentSeries calls = bound(Binding::kPerRequest, "1.5");
  calls.distribution = "calls";
  calls.labels = {split_label("provider", {{"a", 0.6}, {"b", 0.4}})};
  target.instruments = {
      instrument("cache_total", MetricType::kCounter,
                 {bound(Binding::kPerRequest, "hits", label("hit")),
                  bound(Binding::kPerRequest, "1 - hits", label("miss"))}),
      instrument("cost_total", MetricType::kCounter, {cost}),
      instrument("failures_total", MetricType::kCounter, {failures}),
      instrument("tokens_total", MetricType::kCounter, {bound(Binding::kPerRequest, "850")}),
      instrument("signups_total", MetricType::kCounter, {bound(Binding::kRate, "2/h")}),
      instrument("calls_seconds", MetricType::kHistogram, {calls}),
  };
  target.instruments.back().buckets = {0.5, 1, 4};
  const traffic::Traffic traffic = steady(10, std::chrono::hours(3));
  TargetModel model(target, kNoFaults, exact(traffic));
  for (int i = 1; i <= 180; ++i) model.read(minutes(i));
  EXPECT_NEAR(value(model, R"(cache_total{result="hit"})"), 75600, 1);
  EXPECT_EQ(sum(model, "cache_total"), 108000);
  EXPECT_NEAR(value(model, "cost_total"), 81000 * 0.002, 1e-6);
  EXPECT_NEAR(value(model, "failures_total"), 81000 * 0.02 + 27000 * 0.01, 3);
  EXPECT_EQ(value(model, "tokens_total"), 108000 * 850);
  EXPECT_EQ(value(model, "signups_total"), 6);
  EXPECT_NEAR(value(model, R"(calls_seconds_count{provider="a"})"), 162000 * 0.6, 3);
  EXPECT_NEAR(value(model, R"(calls_seconds_bucket{le="1", provider="b"})"), 162000 * 0.2, 5);

  // With noise too, hit and miss together count every request once.
  TargetModel noisy(target, kNoFaults, {.seed = 9, .traffic = &traffic});
  noisy.read(minutes(10));
  EXPECT_EQ(sum(noisy, "cache_total"), value(noisy, "tokens_total") / 850);
}

TEST(TargetModel, GaugesReadSignals) {
  scenario::Target target = small_service();
  target.signals = {signal("doubled", "2 * base"), signal("base", "21"),
                    signal("noisy", "100", 0.01)};
  InstrumentSeries in_flight = bound(Binding::kValue, "in_flight");
  in_flight.labels = {request_label("endpoint", scenario::InstrumentLabel::Kind::kEndpoint)};
  target.instruments = {
      instrument("answer", MetricType::kGauge, {bound(Binding::kValue, "doubled")}),
      instrument("noisy", MetricType::kGauge, {bound(Binding::kValue, "noisy")}),
      instrument("uptime_seconds", MetricType::kGauge, {bound(Binding::kValue, "uptime")}),
      instrument("in_flight", MetricType::kGauge, {in_flight})};
  const traffic::Traffic traffic = steady(100, minutes(10));
  const FaultTimeline faults({change("base", 5, minutes(1), minutes(1))});
  TargetModel model(target, faults, {.seed = 2, .traffic = &traffic});
  model.read(seconds(30));
  EXPECT_EQ(value(model, "answer"), 42);
  EXPECT_EQ(value(model, "uptime_seconds"), 30);
  EXPECT_NEAR(value(model, R"(in_flight{endpoint="/list"})"),
              25 * Distribution(target.endpoints[1].latency).mean(), 1e-9);
  const double noisy = value(model, "noisy");
  EXPECT_NE(noisy, 100);
  EXPECT_NEAR(noisy, 100, 6);
  EXPECT_EQ(model.signal("noisy", seconds(30)), noisy);
  EXPECT_NE(model.signal("noisy", seconds(31)), noisy);
  model.read(seconds(90));
  EXPECT_EQ(value(model, "answer"), 10);
  EXPECT_TRUE(std::isnan(model.signal("nothing", seconds(90))));
}

TEST(TargetModel, WhatGrowsKeepsWhatHasCome) {
  scenario::Target target = small_service();
  scenario::Signal size = signal("size", "1000");
  size.grows = signal("", "growth").value;
  target.signals = {std::move(size), signal("growth", "2")};
  target.instruments = {instrument("size", MetricType::kGauge, {bound(Binding::kValue, "size")})};
  const FaultTimeline faults({change("growth", 10, seconds(100), seconds(50))});
  TargetModel model(target, faults, {});
  model.read(Duration(0));
  EXPECT_EQ(value(model, "size"), 1000);
  model.read(seconds(60));
  EXPECT_EQ(value(model, "size"), 1120);
  // Forty seconds more at 2 a second, fifty at 10, and ten at 2: in one stretch, or in many.
  model.read(seconds(160));
  EXPECT_EQ(value(model, "size"), 1000 + 200 + 500 + 20);
  EXPECT_EQ(model.signal("size", seconds(160)), 1720);
}

TEST(TargetModel, SummariesShowQuantiles) {
  scenario::Target target = small_service();
  InstrumentSeries latency;
  latency.binding = Binding::kRequestLatency;
  target.instruments = {instrument("duration_seconds", MetricType::kSummary, {latency})};
  target.instruments[0].quantiles = {0.5, 0.95};
  const traffic::Traffic traffic = steady(100, minutes(10));
  TargetModel model(target, kNoFaults, exact(traffic));
  model.read(Duration(0));
  EXPECT_TRUE(std::isnan(value(model, R"(duration_seconds{quantile="0.5"})")));
  model.read(minutes(1));
  EXPECT_EQ(value(model, "duration_seconds_count"), 6000);
  EXPECT_NEAR(value(model, R"(duration_seconds{quantile="0.95"})"),
              model.signal("latency.p95", minutes(1)), 1e-6);
}

TEST(TargetModel, ADistributionFollowsTheMeanThatItIsGiven) {
  scenario::Target target = small_service();
  scenario::Signal spread = distribution_signal("spread", {{0.5, 16}, {0.99, 70}});
  spread.value = formula("slowness / 1us");
  spread.derived = true;
  target.signals = {signal("slowness", "20us"), spread};
  InstrumentSeries observed = bound(Binding::kRate, "100/s");
  observed.distribution = "spread";
  target.instruments = {
      instrument("usec", MetricType::kSummary, {observed}),
      instrument("p99", MetricType::kGauge, {bound(Binding::kValue, "spread.p99")})};
  target.instruments[0].quantiles = {50, 99};
  const faults::FaultTimeline faults({change("slowness", 200e-6, minutes(1), minutes(1))});
  const traffic::Traffic traffic = steady(1, minutes(10));
  TargetModel model(target, faults, exact(traffic));
  model.read(minutes(1) - seconds(1));
  const double p50 = value(model, R"(usec{quantile="50"})");
  EXPECT_NEAR(value(model, R"(usec{quantile="99"})") / p50, 70.0 / 16, 1e-9);
  EXPECT_EQ(value(model, R"(usec{quantile="99"})"), value(model, "p99"));
  EXPECT_NEAR(value(model, "usec_sum"), 20 * 5900, 1e-3);
  model.read(minutes(1));
  const double sum = value(model, "usec_sum");
  model.read(minutes(1) + seconds(10));
  EXPECT_NEAR(value(model, R"(usec{quantile="50"})"), 10 * p50, 1e-6);
  EXPECT_NEAR(value(model, "usec_sum") - sum, 200 * 1000, 1e-3);
  EXPECT_EQ(value(model, "usec_count"), 7000);
}

TEST(TargetModel, TheLoadResultIsWhatWasServed) {
  const scenario::Target target = small_service();
  traffic::Traffic traffic = steady(100, minutes(1));
  traffic.phases[0].warm_up = true;
  traffic.phases.push_back(steady(100, minutes(9)).phases[0]);
  for (const Noise noise : {Noise::kRandom, Noise::kNone}) {
    TargetModel model(
        target, kNoFaults,
        {.noise = noise, .start = from_ms(1000), .traffic = &traffic, .load_slice = seconds(25)});
    model.advance(minutes(20));
    const LoadResult load = model.load();
    EXPECT_EQ(load.from, from_ms(61'000));
    EXPECT_EQ(load.to, from_ms(601'000));
    EXPECT_EQ(load.total.ledger.completed, 54000u);
    EXPECT_TRUE(load.total.ledger.balanced());
    LoadLedger of_endpoints;
    for (const auto& [name, counts] : load.by_endpoint) of_endpoints += counts.ledger;
    EXPECT_EQ(of_endpoints, load.total.ledger);
    const Distribution chat(target.endpoints[0].latency);
    const LoadCounts& counts = load.by_endpoint.at("/chat");
    for (const double q : {0.1, 0.5, 0.9, 0.95, 0.99}) {
      EXPECT_THAT(to_seconds(counts.response.quantile(q)) / chat.quantile(q), DoubleNear(1, 0.03))
          << q;
    }
    Timestamp at = load.from;
    for (const LoadSlice& slice : load.slices) {
      EXPECT_EQ(slice.from, at);
      at += slice.length;
      LoadCounts together;
      for (const auto& [name, of_endpoint] : slice.by_endpoint) together.merge(of_endpoint);
      EXPECT_EQ(together.ledger, slice.counts.ledger);
      EXPECT_EQ(together.response, slice.counts.response);
      EXPECT_EQ(slice.by_endpoint.size(), 2u);
    }
    EXPECT_EQ(at, load.to);
    EXPECT_EQ(load.slices.front().length, seconds(15));
  }
}

TEST(TargetModel, AMillionRequestsASecond) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(1e6, std::chrono::hours(24), traffic::Arrivals::kPoisson);
  TargetModel model(target, kNoFaults, {.seed = 1, .traffic = &traffic, .load_slice = minutes(5)});
  for (int i = 1; i <= 100; ++i) model.read(seconds(15 * i));
  const double n = 1.5e9;
  EXPECT_NEAR(sum(model, "requests_total"), n, 6 * std::sqrt(n));
  EXPECT_EQ(sum(model, "latency_seconds_count"), sum(model, "requests_total"));
  EXPECT_EQ(static_cast<double>(model.load().total.ledger.completed), sum(model, "requests_total"));
}

TEST(TargetModel, LiveRequestsAreCountedWhenTheyFinish) {
  const scenario::Target target = small_service();
  const FaultTimeline faults({change("error_rate", 1, minutes(1), minutes(1))});
  TargetModel model(target, faults, {.seed = 4});
  const RequestOutcome first = model.begin_request(0, seconds(1));
  EXPECT_LT(first.status, 600);
  EXPECT_GT(first.latency, Nanos(0));
  EXPECT_GT(first.response_bytes, 0u);
  EXPECT_EQ(model.signal("in_flight", seconds(1)), 1);
  model.read(seconds(2));
  EXPECT_EQ(sum(model, "requests_total"), 0);
  model.finish_request(first, seconds(2));
  model.abandon_request(model.begin_request(1, seconds(2)));
  model.read(seconds(2));
  EXPECT_EQ(sum(model, "requests_total"), 1);
  EXPECT_EQ(value(model, R"(latency_seconds_sum{endpoint="/chat"})"), to_seconds(first.latency));
  EXPECT_EQ(model.signal("in_flight", seconds(2)), 0);
  for (int i = 0; i < 100; ++i) {
    const RequestOutcome outcome = model.begin_request(0, seconds(90));
    EXPECT_GE(outcome.status, 500);
    model.finish_request(outcome, seconds(90));
  }
  model.read(seconds(91));
  EXPECT_EQ(sum(model, "latency_seconds_count"), 101);
  EXPECT_GT(model.signal("request_rate", seconds(91)), 5);
}

TEST(TargetModel, OtherFaultsMayBeSetAtAnyTime) {
  const scenario::Target target = small_service();
  const traffic::Traffic traffic = steady(100, minutes(10));
  const FaultTimeline down({target_fault(TargetFaultKind::kDown, minutes(1), minutes(8))});
  TargetModel model(target, down, exact(traffic));
  model.read(minutes(2));
  model.advance(minutes(3));
  model.set_faults(kNoFaults);
  model.read(minutes(4));
  EXPECT_EQ(sum(model, "requests_total"), 6000);
  EXPECT_EQ(model.signal("uptime", minutes(4)), 60);
}

}  // namespace
}  // namespace tocsin::fakes
