#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "harness/promql/evaluator.h"

/// Range queries over a day: 1,000 counters and 200 gauges, a sample every 15 s, evaluated every
/// 15 s; and the same as instant queries, which is what a rule costs at a tick.

namespace tocsin::promql {
namespace {

constexpr std::size_t kCounters = 1000;
constexpr std::size_t kGauges = 200;
constexpr std::size_t kSamples = 5760;
constexpr std::int64_t kStart = 1'700'000'000'000;
constexpr std::int64_t kStep = 15'000;

class DayOfSeries final : public SeriesSource {
 public:
  DayOfSeries() {
    std::mt19937 random(7);
    for (std::size_t i = 0; i < kSamples; ++i) {
      times_.push_back(kStart + static_cast<std::int64_t>(i) * kStep);
    }
    constexpr const char* kStatus[] = {"200", "200", "200", "500", "503"};
    for (std::size_t s = 0; s < kCounters; ++s) {
      const std::string instance = "i" + std::to_string(s / 10);
      const std::string handler = std::to_string(s % 10);
      add({{"__name__", "http_requests_total"},
           {"job", "api"},
           {"instance", instance},
           {"status", kStatus[s % 5]},
           {"method", s % 2 == 0 ? "GET" : "POST"},
           {"h", handler}});
      double value = 0;
      for (std::size_t i = 0; i < kSamples; ++i) {
        value += static_cast<double>(random() % 31);
        if (random() % 5000 == 0) value = 0;
        columns_.back().push_back(value);
      }
    }
    for (std::size_t s = 0; s < kGauges; ++s) {
      const std::string instance = "i" + std::to_string(s);
      add({{"__name__", "temp"}, {"job", "node"}, {"instance", instance}});
      for (std::size_t i = 0; i < kSamples; ++i) {
        columns_.back().push_back(50 + static_cast<double>(random() % 30'000) / 1000);
      }
    }
  }

  std::vector<SeriesView> select(std::span<const Matcher> matchers,
                                 TimeRange range) const override {
    const auto first = std::lower_bound(times_.begin(), times_.end(), to_ms(range.from));
    const auto last = std::upper_bound(first, times_.end(), to_ms(range.to));
    const auto from = static_cast<std::size_t>(first - times_.begin());
    const auto count = static_cast<std::size_t>(last - first);
    std::vector<SeriesView> views;
    for (std::size_t s = 0; s < labels_.size() && count > 0; ++s) {
      const bool wanted =
          std::all_of(matchers.begin(), matchers.end(),
                      [&](const Matcher& matcher) { return matcher.matches(labels_[s]); });
      if (!wanted) continue;
      SeriesView view;
      view.labels = labels_[s];
      view.timestamps = std::span(times_).subspan(from, count);
      view.values = std::span(columns_[s]).subspan(from, count);
      views.push_back(std::move(view));
    }
    return views;
  }
  const FamilyInfo* family(std::string_view) const override { return nullptr; }

 private:
  void add(Labels labels) {
    labels_.push_back(std::move(labels));
    columns_.emplace_back();
  }

  std::vector<std::int64_t> times_;
  std::vector<Labels> labels_;
  std::vector<std::vector<double>> columns_;
};

constexpr const char* kQueries[] = {
    "sum by (job, status) (rate(http_requests_total[5m]))",
    "sum(http_requests_total)",
    "max_over_time(temp[1h])",
    "quantile_over_time(0.95, temp[10m])",
    "topk(5, rate(http_requests_total[1m]))",
    R"(sum by (job) (rate(http_requests_total{status=~"5.."}[5m]))
         / sum by (job) (rate(http_requests_total[5m])) > 0.05)",
    "avg_over_time(temp[1h])",
    "stddev_over_time(temp[1h])",
    "predict_linear(temp[1h], 3600)",
    "sum_over_time(rate(http_requests_total[5m])[1h:1m])",
};
constexpr std::int64_t kLastQuery = static_cast<std::int64_t>(std::size(kQueries)) - 1;

const DayOfSeries& day() {
  static const DayOfSeries series;
  return series;
}

void run(benchmark::State& state, const Timeline& timeline) {
  const auto expression = parse_expression(kQueries[state.range(0)]);
  QueryOptions options;
  options.max_samples = 0;
  for (auto _ : state) {
    auto result = evaluate(*expression, day(), timeline, options);
    if (!result) state.SkipWithError("the query failed");
    benchmark::DoNotOptimize(result);
  }
  state.SetLabel(kQueries[state.range(0)]);
}

void range_query(benchmark::State& state) {
  const Timestamp end = from_ms(kStart + static_cast<std::int64_t>(kSamples - 1) * kStep);
  run(state, {from_ms(kStart), end, Duration(kStep)});
}
BENCHMARK(range_query)->DenseRange(0, kLastQuery)->Unit(benchmark::kMillisecond);

void instant_query(benchmark::State& state) {
  run(state, Timeline::instant(from_ms(kStart + static_cast<std::int64_t>(kSamples / 2) * kStep)));
}
BENCHMARK(instant_query)->DenseRange(0, kLastQuery)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tocsin::promql
