#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fakes/service/model.h"
#include "harness/base/random.h"
#include "harness/scenario/load.h"

/// Whatever faults do to the known kinds, what they show never contradicts itself.

namespace tocsin::fakes {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kEvery = seconds(15);
constexpr Duration kLength = minutes(20);
constexpr int kRuns = 15;

/// Faults of one exporter, drawn: signals anywhere within their bounds, and the process itself.
class RandomFaults {
 public:
  RandomFaults(const scenario::Target& target, std::uint64_t seed)
      : target_(target), random_(seed, target.name) {}

  std::vector<faults::Fault> draw() {
    std::vector<faults::Fault> all;
    for (std::uint64_t n = 1 + random_.below(8); n > 0; --n) all.push_back(fault(all.size()));
    return all;
  }

 private:
  faults::Fault fault(std::size_t index) {
    faults::Fault fault;
    fault.name = fmt::format("fault {}", index);
    fault.target = target_.name;
    fault.at = seconds(random_.below(900));
    fault.length = seconds(1 + random_.below(600));
    if (random_.below(6) == 0) {
      static constexpr faults::TargetFaultKind kKinds[] = {faults::TargetFaultKind::kDown,
                                                           faults::TargetFaultKind::kHang,
                                                           faults::TargetFaultKind::kRestart};
      fault.target_faults.push_back({kKinds[random_.below(3)], Duration(0), {}});
      return fault;
    }
    for (std::uint64_t n = 1 + random_.below(4); n > 0; --n) add_change(fault);
    return fault;
  }

  void add_change(faults::Fault& fault) {
    const scenario::Signal& signal = target_.signals[random_.below(target_.signals.size())];
    if (signal.derived) return;
    faults::SignalChange change;
    change.signal = signal.name;
    if (signal.distribution || random_.below(3) == 0) {
      change.kind = faults::SignalChange::Kind::kFactor;
      change.value = std::exp(random_.normal(0, 2));
    } else {
      change.value = value_of(signal);
      if (random_.below(3) == 0) change.from = value_of(signal);
    }
    fault.changes.push_back(change);
  }

  double value_of(const scenario::Signal& signal) {
    const double low = signal.min.value_or(-1000);
    if (random_.below(4) == 0) return random_.below(2) == 0 ? low : signal.max.value_or(1e7);
    if (signal.max) return low + (*signal.max - low) * random_.uniform();
    return std::max(low, std::exp(random_.normal(2, 4)) - 1);
  }

  const scenario::Target& target_;
  Random random_;
};

/// One answered scrape.
struct Scrape {
  Duration at{0};
  std::map<std::string, double> values;
  std::map<std::string, double> counters;  ///< a part of them, with parts of histograms

  double value(const std::string& series) const {
    const auto found = values.find(series);
    return found == values.end() ? std::nan("") : found->second;
  }
  bool has(const std::string& series) const { return values.contains(series); }
};

class Consistency : public ::testing::TestWithParam<int> {
 protected:
  Consistency() {
    Diagnostics diagnostics;
    system_ =
        scenario::load_system(TOCSIN_SOURCE_DIR "/fakes/exporters/testdata/kinds", diagnostics);
    EXPECT_TRUE(system_) << diagnostics.render();
  }

  /// All answered scrapes of a run, with what holds of any exporter checked on the way.
  std::vector<Scrape> run(const std::string& name) {
    const scenario::Target& target = *system_->target(name);
    const auto seed = static_cast<std::uint64_t>(GetParam());
    const faults::FaultTimeline faults(RandomFaults(target, seed).draw());
    for (const faults::Fault& fault : faults.faults()) {
      told_ += fmt::format("{} {} for {}; ", format_duration(fault.at), fault.describe(),
                           format_duration(fault.length));
    }
    ModelOptions options;
    options.seed = seed;
    options.start = from_ms(1'767'571'200'000);
    TargetModel model(target, faults, options);
    std::vector<Scrape> scrapes;
    for (Duration at{0}; at <= kLength; at += kEvery) {
      const auto fault = faults.target_fault(name, at);
      const ScrapeManner manner = model.scrape_manner(at);
      const bool answers = !fault || fault->kind == faults::TargetFaultKind::kRestart;
      if (!answers || manner.hangs || manner.fails) {
        model.advance(at);
      } else {
        scrapes.push_back(scrape(model, at));
      }
    }
    return scrapes;
  }

  Scrape scrape(TargetModel& model, Duration at) {
    Scrape scrape;
    scrape.at = at;
    for (const metrics::FamilySamples& family : model.expose(at)) {
      check_family(family);
      for (const auto& sample : family.samples) {
        const std::string series = sample.labels.to_string();
        EXPECT_TRUE(scrape.values.emplace(series, sample.value).second) << series << " twice";
        if (counts(family.info.type, sample.labels)) scrape.counters[series] = sample.value;
      }
    }
    return scrape;
  }

  static bool counts(MetricType type, const Labels& labels) {
    if (type == MetricType::kCounter || type == MetricType::kHistogram) return true;
    return type == MetricType::kSummary && labels.get("quantile").empty();
  }

  /// Buckets ascend, the last one is the count, and sums are those of so many observations.
  static void check_family(const metrics::FamilySamples& family) {
    const std::string& name = family.info.name;
    std::map<Labels, std::vector<double>> parts;  // buckets, sum, count
    for (const auto& sample : family.samples) {
      const bool quantile = family.info.type == MetricType::kSummary;
      EXPECT_TRUE(quantile || std::isfinite(sample.value)) << sample.labels.to_string();
      EXPECT_TRUE(family.info.type != MetricType::kCounter || sample.value >= 0) << name;
      if (family.info.type != MetricType::kHistogram) continue;
      static const std::vector<std::string> kNotOfChild = {"le", std::string(kMetricName)};
      parts[sample.labels.without(kNotOfChild)].push_back(sample.value);
    }
    for (const auto& [labels, values] : parts) {
      ASSERT_GE(values.size(), 3U);
      const std::size_t infinite = values.size() - 3;
      for (std::size_t i = 1; i <= infinite; ++i) EXPECT_GE(values[i], values[i - 1]) << name;
      EXPECT_EQ(values[infinite], values.back()) << name << labels.to_string();
      EXPECT_TRUE(values[infinite + 1] == 0 || values.back() > 0) << name << labels.to_string();
    }
  }

  /// From one scrape to the next counters of these names rise, unless what counts them restarted.
  void check_counters(const Scrape& before, const Scrape& after, bool process, bool backend) const {
    for (const auto& [series, value] : after.counters) {
      const auto known = before.counters.find(series);
      if (known == before.counters.end()) continue;
      const bool own = series.starts_with("process_") || series.starts_with("go_") ||
                       series.starts_with("promhttp_") || series.find("_exporter_") < 16 ||
                       series.starts_with("celery_") || series.starts_with("pg_exporter");
      if (own ? process : backend) continue;
      EXPECT_GE(value, known->second * (1 - 1e-12))
          << series << " at " << format_duration(after.at) << " after " << told_;
    }
  }

  static bool moved(const Scrape& before, const Scrape& after, const std::string& series) {
    return std::abs(before.value(series) - after.value(series)) > 1e-3;
  }

  std::string told_;
  std::shared_ptr<const scenario::System> system_;
};

TEST_P(Consistency, Node) {
  const std::vector<Scrape> scrapes = run("node");
  for (std::size_t i = 0; i < scrapes.size() && !HasFailure(); ++i) {
    const Scrape& now = scrapes[i];
    SCOPED_TRACE(fmt::format("{} after {}", format_duration(now.at), told_));
    const auto bytes = [&](const std::string& field) {
      return now.value("node_memory_" + field + "_bytes");
    };
    EXPECT_LE(bytes("MemAvailable"), bytes("MemTotal"));
    EXPECT_LE(bytes("MemFree"), bytes("MemAvailable"));
    EXPECT_LE(bytes("MemFree") + bytes("Buffers") + bytes("Cached"), bytes("MemTotal"));
    EXPECT_GE(bytes("MemFree"), 0);
    EXPECT_LE(bytes("SwapFree"), bytes("SwapTotal"));
    for (const std::string where :
         {R"({device="/dev/sda1", fstype="ext4", mountpoint="/"})",
          R"({device="/dev/sdb1", fstype="ext4", mountpoint="/var/lib/data"})"}) {
      const auto of_fs = [&](const std::string& what) {
        return now.value("node_filesystem_" + what + where);
      };
      EXPECT_LE(of_fs("avail_bytes"), of_fs("free_bytes"));
      EXPECT_LE(of_fs("free_bytes"), of_fs("size_bytes"));
      EXPECT_LE(of_fs("files_free"), of_fs("files"));
    }
    EXPECT_LE(now.value("node_filefd_allocated"), now.value("node_filefd_maximum"));
    EXPECT_LE(now.value("node_nf_conntrack_entries"), now.value("node_nf_conntrack_entries_limit"));
    EXPECT_GE(now.value("node_time_seconds"), now.value("node_boot_time_seconds"));
    if (i == 0) continue;
    const Scrape& before = scrapes[i - 1];
    const bool booted = moved(before, now, "node_boot_time_seconds");
    check_counters(before, now, booted || moved(before, now, "process_start_time_seconds"), booted);
    if (booted) continue;
    const double passed = to_seconds(now.at - before.at);
    for (const std::string cpu : {"0", "1"}) {
      double used = 0;
      for (const std::string mode :
           {"idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"}) {
        const std::string series =
            fmt::format(R"(node_cpu_seconds_total{{cpu="{}", mode="{}"}})", cpu, mode);
        used += now.value(series) - before.value(series);
      }
      EXPECT_NEAR(used, passed, 1e-3) << "all modes of CPU " << cpu;
    }
    const std::string busy = R"(node_disk_io_time_seconds_total{device="sda"})";
    EXPECT_LE(now.value(busy) - before.value(busy), passed + 1e-3);
  }
}

TEST_P(Consistency, Postgres) {
  const std::vector<Scrape> scrapes = run("postgres");
  const std::string of = R"({datname="app", server="localhost:5432", state=")";
  for (std::size_t i = 0; i < scrapes.size() && !HasFailure(); ++i) {
    const Scrape& now = scrapes[i];
    SCOPED_TRACE(fmt::format("{} after {}", format_duration(now.at), told_));
    const bool up = now.value("pg_up") == 1;
    EXPECT_TRUE(up || now.value("pg_up") == 0);
    const std::string limit = R"(pg_settings_max_connections{server="localhost:5432"})";
    EXPECT_EQ(now.has(limit), up);
    if (i > 0) {
      check_counters(scrapes[i - 1], now, moved(scrapes[i - 1], now, "process_start_time_seconds"),
                     false);
    }
    if (!up) continue;
    double open = 0;
    for (const std::string state :
         {"active", "idle", "idle in transaction", "idle in transaction (aborted)"}) {
      const double some = now.value("pg_stat_activity_count" + of + state + R"("})");
      EXPECT_GE(some, 0);
      open += some;
    }
    EXPECT_LE(open, now.value(limit) * (1 + 1e-9));
    EXPECT_NEAR(
        open,
        now.value(
            R"(pg_stat_database_numbackends{datid="16385", datname="app", server="localhost:5432"})"),
        1e-6);
  }
}

TEST_P(Consistency, Redis) {
  const std::vector<Scrape> scrapes = run("redis");
  for (std::size_t i = 0; i < scrapes.size() && !HasFailure(); ++i) {
    const Scrape& now = scrapes[i];
    SCOPED_TRACE(fmt::format("{} after {}", format_duration(now.at), told_));
    const bool up = now.value("redis_up") == 1;
    EXPECT_TRUE(up || now.value("redis_up") == 0);
    EXPECT_EQ(now.has("redis_memory_used_bytes"), up);
    if (up) {
      EXPECT_LE(now.value("redis_connected_clients"), now.value("redis_config_maxclients"));
      EXPECT_LE(now.value("redis_blocked_clients"), now.value("redis_connected_clients"));
      EXPECT_GE(now.value("redis_memory_used_peak_bytes"), now.value("redis_memory_used_bytes"));
      EXPECT_LE(now.value(R"(redis_db_keys_expiring{db="db0"})"),
                now.value(R"(redis_db_keys{db="db0"})"));
      EXPECT_GE(now.value("redis_uptime_in_seconds"), 0);
    }
    if (i == 0) continue;
    const Scrape& before = scrapes[i - 1];
    const bool restarted =
        !up || before.value("redis_up") != 1 || moved(before, now, "redis_start_time_seconds");
    check_counters(before, now, moved(before, now, "process_start_time_seconds"), restarted);
  }
}

TEST_P(Consistency, Celery) {
  const std::vector<Scrape> scrapes = run("celery");
  const std::string started = R"(celery_task_sent_created{hostname="app-1", name="app.send", )"
                              R"(queue_name="mail"})";
  for (std::size_t i = 0; i < scrapes.size() && !HasFailure(); ++i) {
    const Scrape& now = scrapes[i];
    SCOPED_TRACE(fmt::format("{} after {}", format_duration(now.at), told_));
    const double workers = now.value(R"(celery_worker_up{hostname="worker-1"})");
    EXPECT_EQ(now.value(R"(celery_active_worker_count{queue_name="mail"})"), workers);
    EXPECT_LE(now.value(R"(celery_worker_tasks_active{hostname="worker-1"})"), 4 * workers);
    EXPECT_GE(now.value(R"(celery_queue_length{queue_name="mail"})"), 0);
    ASSERT_TRUE(now.has(started));
    double ended = 0;
    double begun = 0;
    for (const auto& [series, value] : now.counters) {
      if (series.starts_with("celery_task_started_total")) begun += value;
      for (const char* end : {"succeeded", "failed", "retried", "rejected"}) {
        if (series.starts_with(fmt::format("celery_task_{}_total", end))) ended += value;
      }
    }
    EXPECT_NEAR(ended, begun, 12 * std::sqrt(begun) + 5) << "each ends as one of four";
    if (i == 0) continue;
    check_counters(scrapes[i - 1], now, moved(scrapes[i - 1], now, started), false);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Consistency, ::testing::Range(1, kRuns + 1));

}  // namespace
}  // namespace tocsin::fakes
