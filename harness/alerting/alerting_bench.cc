#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "harness/alerting/engine.h"
#include "harness/alerting/prometheus_sender.h"
#include "harness/base/check.h"

namespace tocsin::alerting {
namespace {

constexpr char kBenchConfig[] = R"(
route:
  receiver: all
  group_by: [alertname, cluster]
  routes:
    - matchers: [severity="critical"]
      receiver: pager
inhibit_rules:
  - {source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [cluster]}
receivers:
  - {name: all, webhook_configs: [{url: 'http://h/'}]}
  - {name: pager, webhook_configs: [{url: 'http://p/'}]}
)";

class Counter final : public Transport {
 public:
  std::optional<Answer> send(const Delivery&) override {
    ++sent;
    return Answer{};
  }
  std::size_t sent = 0;
};

/// 10,000 alerts in 1,000 groups fire for 24 hours; Prometheus repeats them as it does.
void BM_DayOfAlerts(benchmark::State& state) {
  Diagnostics diagnostics;
  const auto config = parse_config("bench.yml", kBenchConfig, diagnostics);
  TOCSIN_CHECK(diagnostics.ok(), "the configuration is good");
  std::size_t sent = 0;
  for (auto _ : state) {
    Counter counter;
    Engine engine(config, {}, counter);
    PrometheusSender sender({});
    for (int i = 0; i < 10'000; ++i) {
      const std::string cluster = std::to_string(i / 10);
      const std::string instance = std::to_string(i);
      AlertEpisode episode;
      episode.labels = {{"alertname", "HighLatency"},
                        {"cluster", cluster},
                        {"instance", instance},
                        {"severity", i % 2 == 0 ? "warning" : "info"}};
      episode.pending_at = from_ms(15'000 * (i % 40));
      episode.firing_at = episode.pending_at;
      sender.add(episode, std::chrono::seconds(15));
    }
    drive(engine, sender, Timestamp(std::chrono::hours(24)));
    TOCSIN_CHECK(engine.group_count() == 1000, "ten alerts a group");
    sent = counter.sent;
  }
  state.counters["notifications"] = static_cast<double>(sent);
}
BENCHMARK(BM_DayOfAlerts)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin::alerting
