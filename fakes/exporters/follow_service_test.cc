#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "fakes/service/model.h"
#include "fakes/service/test_target.h"
#include "harness/scenario/load.h"

/// Formulas of exporters that read the service's signals.

namespace tocsin::fakes {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class FollowService : public ::testing::Test {
 protected:
  FollowService() {
    Diagnostics diagnostics;
    system_ =
        scenario::load_system(TOCSIN_SOURCE_DIR "/fakes/exporters/testdata/shop", diagnostics);
    EXPECT_TRUE(system_) << diagnostics.render();
    for (const double rate : {10.0, 20.0}) {
      traffic::Phase phase;
      phase.length = minutes(10);
      phase.shape = traffic::ConstantRate{rate};
      traffic_.phases.push_back(phase);
    }
  }

  TargetModel model_of(const std::string& target, const faults::FaultTimeline& faults,
                       scenario::Noise noise = scenario::Noise::kNone) const {
    ModelOptions options;
    options.noise = noise;
    options.seed = 3;
    options.traffic = &traffic_;
    return TargetModel(*system_->target(target), faults, options);
  }

  /// A fault of the service from 5m to 15m.
  static faults::Fault fault(const std::string& signal, double value) {
    return change(signal, value, minutes(5), minutes(10));
  }

  std::shared_ptr<const scenario::System> system_;
  traffic::Traffic traffic_;
};

TEST_F(FollowService, TheTrafficMovesThem) {
  const faults::FaultTimeline faults;
  TargetModel model = model_of("database", faults);
  EXPECT_EQ(read_page(model, minutes(5))["database_connections"], 25);
  // A phase that ends between two scrapes is counted to its end.
  auto page = read_page(model, minutes(15));
  EXPECT_EQ(page["database_connections"], 45);
  EXPECT_NEAR(page["database_failures_total"], 0.01 * (600 * 10 + 300 * 20), 1);
  EXPECT_NEAR(page["database_rows_total"], 3 * 0.1 * (600 * 10 + 300 * 20), 1e-6);
  EXPECT_EQ(read_page(model, minutes(21))["database_connections"], 5);
}

TEST_F(FollowService, FaultsOfTheServiceMoveThem) {
  const faults::FaultTimeline faults(
      {fault("error_rate", 0.5), fault("database.up", 0), fault("latency.p99", 3)});
  TargetModel model = model_of("database", faults);
  auto before = read_page(model, minutes(5) - seconds(1));
  EXPECT_NEAR(before["database_slowest_seconds"], 0.2, 1e-6);
  EXPECT_EQ(before.count("database_rows_total"), 1U);
  auto during = read_page(model, minutes(10));
  EXPECT_NEAR(during["database_slowest_seconds"], 3, 1e-6);
  EXPECT_NEAR(during["database_failures_total"], 300 * 10 * 0.01 + 300 * 10 * 0.5, 1);
  EXPECT_EQ(during.count("database_rows_total"), 0U) << "what it speaks for is down";
  auto after = read_page(model, minutes(16));
  EXPECT_NEAR(after["database_slowest_seconds"], 0.2, 1e-6);
  EXPECT_NEAR(after["database_rows_total"], 3 * 0.1 * 60 * 20, 1e-6) << "from its restart on";
}

TEST_F(FollowService, TheyShowWhatTheServiceItselfShows) {
  faults::Fault restart;
  restart.name = "restart";
  restart.target = "service";
  restart.at = minutes(2);
  restart.target_faults.push_back({faults::TargetFaultKind::kRestart, Duration(0), {}});
  const faults::FaultTimeline faults({restart});
  TargetModel service = model_of("service", faults, scenario::Noise::kRandom);
  TargetModel exporter = model_of("database", faults, scenario::Noise::kRandom);
  for (Duration at = seconds(0); at < minutes(5); at += seconds(37)) {
    service.read(at);
    auto page = read_page(exporter, at);
    EXPECT_EQ(page["database_stock"], service.signal("stock", at));
    EXPECT_NEAR(page["database_disk_bytes"], service.signal("disk", at), 1);
    EXPECT_EQ(page["database_uptime_seconds"], service.signal("uptime", at));
  }
}

TEST_F(FollowService, DistributionsAreObserved) {
  const faults::FaultTimeline faults({fault("payment", 1)});
  TargetModel model = model_of("database", faults);
  auto before = read_page(model, minutes(5));
  EXPECT_EQ(before["database_payment_seconds_count"], 300);
  EXPECT_EQ(before[R"(database_payment_seconds_bucket{le="0.1"})"], 150);
  auto after = read_page(model, minutes(10));
  EXPECT_EQ(after[R"(database_payment_seconds_bucket{le="1"})"] -
                before[R"(database_payment_seconds_bucket{le="1"})"],
            150);
}

/// Live runs: requests are real, and known to the service's own model.
TEST_F(FollowService, LiveTheyReadTheServicesOwnModel) {
  const faults::FaultTimeline quiet;
  TargetModel service(*system_->target("service"), quiet, {.noise = scenario::Noise::kNone});
  ModelOptions options;
  options.noise = scenario::Noise::kNone;
  options.service = &service;
  TargetModel exporter(*system_->target("database"), quiet, options);
  EXPECT_EQ(read_page(exporter, seconds(1))["database_connections"], 5);
  for (int i = 0; i < 400; ++i) {
    const Duration at = seconds(2) + std::chrono::milliseconds(50 * i);
    const RequestOutcome outcome = service.begin_request(0, at);
    service.finish_request(outcome, at);
  }
  auto page = read_page(exporter, seconds(22));
  EXPECT_NEAR(page["database_connections"], 45, 3) << "20 a second";
  EXPECT_NEAR(page["database_disk_bytes"], (10240 + 22) * 1048576.0, 1);
  const faults::FaultTimeline faults({fault("stock", 5)});
  service.set_faults(faults);
  EXPECT_EQ(read_page(exporter, minutes(6))["database_stock"], 5);
}

}  // namespace
}  // namespace tocsin::fakes
