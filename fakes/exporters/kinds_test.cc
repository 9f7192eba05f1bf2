#include <cmath>
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "fakes/service/model.h"
#include "fakes/service/test_target.h"
#include "harness/scenario/load.h"

/// The known kinds of exporters, on the virtual clock.

namespace tocsin::fakes {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class KindsTest : public ::testing::Test {
 protected:
  KindsTest() {
    Diagnostics diagnostics;
    system_ =
        scenario::load_system(TOCSIN_SOURCE_DIR "/fakes/exporters/testdata/kinds", diagnostics);
    EXPECT_TRUE(system_) << diagnostics.render();
  }

  TargetModel model_of(const std::string& target, const faults::FaultTimeline& faults) const {
    ModelOptions options;
    options.noise = scenario::Noise::kNone;
    options.start = from_ms(1'767'571'200'000);
    return TargetModel(*system_->target(target), faults, options);
  }

  /// A fault from 5m to 10m.
  static faults::Fault fault(const std::string& target, const std::string& signal, double value) {
    faults::Fault fault = change(signal, value, minutes(5), minutes(5));
    fault.target = target;
    return fault;
  }

  static double sum(const std::map<std::string, double>& page, const std::string& beginning) {
    double total = 0;
    for (auto it = page.lower_bound(beginning); it != page.end(); ++it) {
      if (!it->first.starts_with(beginning)) break;
      total += it->second;
    }
    return total;
  }

  std::shared_ptr<const scenario::System> system_;
};

TEST_F(KindsTest, CpuModesAddUpToTheCores) {
  const faults::FaultTimeline faults({fault("node", "cpu.iowait", 0.9)});
  TargetModel model = model_of("node", faults);
  auto before = read_page(model, minutes(5));
  auto after = read_page(model, minutes(10));
  EXPECT_NEAR(sum(after, "node_cpu_seconds_total") - sum(before, "node_cpu_seconds_total"), 2 * 300,
              1e-3);
  const std::string iowait = R"(node_cpu_seconds_total{cpu="0", mode="iowait"})";
  EXPECT_NEAR(after[iowait] - before[iowait], 0.9 * 300, 1e-3);
  // The host has run for thirty days.
  EXPECT_NEAR(sum(before, "node_cpu_seconds_total"), 2 * (30 * 86400.0 + 300), 1);
  EXPECT_NEAR(after["node_time_seconds"] - after["node_boot_time_seconds"], 30 * 86400 + 600, 1e-3);
}

TEST_F(KindsTest, AStoppedDatabaseLeavesTheExporterAlone) {
  const faults::FaultTimeline faults({fault("postgres", "postgres.up", 0)});
  TargetModel model = model_of("postgres", faults);
  const std::string commits =
      R"(pg_stat_database_xact_commit{datid="16385", datname="app", server="localhost:5432"})";
  const std::string error = "pg_exporter_last_scrape_error";
  auto before = read_page(model, minutes(5) - seconds(15));
  EXPECT_EQ(before["pg_up"], 1);
  EXPECT_EQ(before[error], 0);
  auto down = read_page(model, minutes(6));
  EXPECT_EQ(down["pg_up"], 0);
  EXPECT_EQ(down[error], 0);
  EXPECT_EQ(down[R"(pg_scrape_collector_success{collector="database"})"], 0);
  EXPECT_EQ(down.count(commits), 0U);
  EXPECT_EQ(down.lower_bound("pg_settings")->first.rfind("pg_settings", 0), std::string::npos);
  auto back = read_page(model, minutes(10));
  EXPECT_EQ(back["pg_up"], 1);
  EXPECT_EQ(back[error], 1);
  EXPECT_GT(back[commits], before[commits]) << "statistics outlive a restart";
  EXPECT_EQ(read_page(model, minutes(10) + seconds(15))[error], 0);
}

TEST_F(KindsTest, ARestartOfRedisResetsItsCounters) {
  const faults::FaultTimeline faults({fault("redis", "redis.up", 0)});
  TargetModel model = model_of("redis", faults);
  auto before = read_page(model, minutes(5) - seconds(15));
  EXPECT_NEAR(before["redis_uptime_in_seconds"], 7 * 86400 + 285, 1);
  EXPECT_EQ(before["redis_exporter_last_scrape_error"], 0);
  auto down = read_page(model, minutes(6));
  EXPECT_EQ(down["redis_up"], 0);
  EXPECT_EQ(down[R"(redis_exporter_last_scrape_error{err="dial redis: unknown network redis"})"],
            1);
  EXPECT_EQ(down.count("redis_memory_used_bytes"), 0U);
  auto back = read_page(model, minutes(11));
  EXPECT_NEAR(back["redis_uptime_in_seconds"], 60, 1e-3);
  EXPECT_NEAR(back["redis_commands_processed_total"], 200 * 60, 1);
  EXPECT_EQ(back["redis_exporter_scrapes_total"], 3);
}

TEST_F(KindsTest, LatenciesOfRedisAgreeWithEachOther) {
  const faults::FaultTimeline faults({fault("redis", "commands.latency", 1e-3)});
  TargetModel model = model_of("redis", faults);
  const std::string get = R"({cmd="get"})";
  auto before = read_page(model, minutes(5));
  auto after = read_page(model, minutes(10));
  const auto grown = [&](const std::string& name) {
    return after[name + get] - before[name + get];
  };
  EXPECT_NEAR(grown("redis_latency_percentiles_usec_count"), grown("redis_commands_total"), 1);
  EXPECT_NEAR(grown("redis_latency_percentiles_usec_sum") / 1e6,
              grown("redis_commands_duration_seconds_total"), 1e-2);
  EXPECT_NEAR(before["redis_latency_percentiles_usec_count" + get],
              before["redis_commands_total" + get], 2);
  const std::string p99 = R"(redis_latency_percentiles_usec{cmd="get", quantile="99"})";
  EXPECT_NEAR(before[p99] / after[p99], 50, 1e-6);
}

TEST_F(KindsTest, ScrapesAreAnsweredAsTheRealOnesAre) {
  const faults::FaultTimeline faults({fault("redis", "redis.hung", 1),
                                      fault("celery", "broker.up", 0),
                                      fault("node", "host.up", 0)});
  TargetModel redis = model_of("redis", faults);
  EXPECT_EQ(redis.scrape_manner(minutes(1)).delay, Duration(0));
  EXPECT_EQ(redis.scrape_manner(minutes(6)).delay, seconds(15));
  TargetModel celery = model_of("celery", faults);
  EXPECT_EQ(celery.scrape_manner(minutes(1)).delay, Duration(2030));
  EXPECT_TRUE(celery.scrape_manner(minutes(6)).fails);
  TargetModel node = model_of("node", faults);
  EXPECT_TRUE(node.scrape_manner(minutes(6)).hangs);
  read_page(node, minutes(4));
  auto at_once = read_page(node, minutes(10));
  EXPECT_EQ(at_once["node_time_seconds"], at_once["node_boot_time_seconds"]);
  EXPECT_EQ(sum(at_once, "node_cpu_seconds_total"), 0);
  auto back = read_page(node, minutes(11));
  EXPECT_NEAR(back["node_time_seconds"] - back["node_boot_time_seconds"], 60, 1e-3);
  EXPECT_NEAR(back["node_time_seconds"] - back["process_start_time_seconds"], 60, 1e-3);
  EXPECT_NEAR(sum(back, "node_cpu_seconds_total"), 2 * 60, 1e-3);
}

}  // namespace
}  // namespace tocsin::fakes
