#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "fakes/service/model.h"
#include "fakes/service/test_target.h"

/// What a simulated day costs: 24 hours, scraped every 15 s.

namespace tocsin::fakes {
namespace {

using scenario::InstrumentLabel;
using scenario::InstrumentSeries;

/// About a thousand series: 12 endpoints with counters and histograms, 700 gauges over signals of
/// which one in ten is noisy, 50 rate counters.
scenario::Target large_service() {
  scenario::Target target = small_service();
  for (int i = 0; i < 10; ++i) {
    scenario::Endpoint endpoint = target.endpoints[i % 2];
    endpoint.name = endpoint.path = fmt::format("/endpoint/{}", i);
    target.endpoints.push_back(std::move(endpoint));
  }
  scenario::Instrument wide = target.instruments[1];
  wide.family.name = "handler_seconds";
  wide.buckets.insert(wide.buckets.end(), {10, 30});
  target.instruments.push_back(wide);
  for (int i = 0; i < 700; ++i) {
    target.signals.push_back(signal(fmt::format("signal_{}", i), "45.2", i % 10 == 0 ? 0.01 : 0));
    target.instruments.push_back(
        instrument(fmt::format("gauge_{}", i), MetricType::kGauge,
                   {bound(InstrumentSeries::Binding::kValue, fmt::format("signal_{}", i))}));
  }
  for (int i = 0; i < 50; ++i) {
    target.instruments.push_back(instrument(fmt::format("events_{}_total", i), MetricType::kCounter,
                                            {bound(InstrumentSeries::Binding::kRate, "30")}));
  }
  return target;
}

void simulate_a_day(benchmark::State& state) {
  const scenario::Target target = large_service();
  const faults::FaultTimeline faults(
      {change("error_rate", 0.08, std::chrono::hours(5), std::chrono::hours(1))});
  const traffic::Traffic traffic = steady(static_cast<double>(state.range(0)),
                                          std::chrono::hours(24), traffic::Arrivals::kPoisson);
  std::size_t series = 0;
  for (auto _ : state) {
    TargetModel model(target, faults,
                      {.seed = 1, .traffic = &traffic, .load_slice = std::chrono::seconds(15)});
    for (int i = 1; i <= 24 * 240; ++i) {
      benchmark::DoNotOptimize(model.read(std::chrono::seconds(15) * i));
    }
    benchmark::DoNotOptimize(model.load().total.ledger.completed);
    series = model.series().size();
  }
  state.counters["series"] = static_cast<double>(series);
}
BENCHMARK(simulate_a_day)->Arg(10)->Arg(1'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void live_request(benchmark::State& state) {
  const scenario::Target target = large_service();
  const faults::FaultTimeline faults;
  TargetModel model(target, faults, {.seed = 1});
  for (auto _ : state) {
    model.finish_request(model.begin_request(0, std::chrono::seconds(1)), std::chrono::seconds(1));
  }
}
BENCHMARK(live_request);

}  // namespace
}  // namespace tocsin::fakes
