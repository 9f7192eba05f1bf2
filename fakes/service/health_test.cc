#include "fakes/service/health.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "fakes/service/model.h"
#include "fakes/service/test_target.h"
#include "harness/base/file.h"
#include "harness/scenario/load.h"

namespace tocsin::fakes {
namespace {

using faults::FaultTimeline;
using scenario::HealthState;
using std::chrono::hours;

/// The guide's own example has this timestamp and uptime.
const Timestamp kNow = parse_rfc3339("2026-01-28T09:00:00Z").value();
constexpr Duration kUptime = hours(1);

class ProcodeHealth : public ::testing::Test {
 protected:
  ProcodeHealth() {
    Diagnostics diagnostics;
    system_ = scenario::load_system(TOCSIN_SOURCE_DIR "/scenarios/procode", diagnostics);
    EXPECT_TRUE(system_) << diagnostics.render();
  }

  HealthAnswer answer(const FaultTimeline& faults, const std::string& path) const {
    TargetModel model(system_->service, faults, {.noise = scenario::Noise::kNone});
    for (const scenario::HealthEndpoint& endpoint : system_->service.health) {
      if (endpoint.path == path) return model.health(endpoint, kUptime, kNow);
    }
    ADD_FAILURE() << path;
    return {};
  }

  static faults::Fault set(std::string signal, double value) {
    return change(std::move(signal), value, Duration(0), hours(2));
  }

  /// Keys in the same order, so compared as text.
  static void expect_body(const HealthAnswer& answer, const std::string& golden) {
    const auto expected = read_file(TOCSIN_SOURCE_DIR "/fakes/service/testdata/health/" + golden);
    EXPECT_EQ(nlohmann::ordered_json::parse(answer.body).dump(2) + "\n", expected.value());
  }

  std::shared_ptr<const scenario::System> system_;
};

TEST_F(ProcodeHealth, Healthy) {
  const HealthAnswer health = answer(FaultTimeline(), "/health");
  EXPECT_EQ(health.status_code, 200);
  EXPECT_EQ(health.state, HealthState::kHealthy);
  EXPECT_EQ(health.latency, std::chrono::milliseconds(12));
  expect_body(health, "procode-healthy.json");
}

TEST_F(ProcodeHealth, UncriticalTroubleDegrades) {
  const FaultTimeline faults(
      {set("error_rate", 0.08), set("agents.available", 0), set("disk.free_percent", 12.5)});
  const HealthAnswer health = answer(faults, "/health");
  EXPECT_EQ(health.status_code, 200);
  EXPECT_EQ(health.state, HealthState::kDegraded);
  expect_body(health, "procode-degraded.json");
}

TEST_F(ProcodeHealth, ACriticalCheckTakesTheWholeDown) {
  const FaultTimeline faults({set("database.up", 0)});
  const HealthAnswer health = answer(faults, "/health");
  EXPECT_EQ(health.status_code, 503);
  EXPECT_EQ(health.state, HealthState::kUnhealthy);
  const HealthAnswer ready = answer(faults, "/ready");
  EXPECT_EQ(ready.status_code, 503);
  expect_body(ready, "procode-not-ready.json");
}

/// The example of its guide, word for word: checks are plain texts there.
TEST(VcfAgentHealth, AnswersAsItsGuideShows) {
  Diagnostics diagnostics;
  const auto system = scenario::load_system(TOCSIN_SOURCE_DIR "/scenarios/vcf-agent", diagnostics);
  ASSERT_TRUE(system) << diagnostics.render();
  const FaultTimeline none;
  TargetModel model(system->service, none, {.noise = scenario::Noise::kNone});
  const Timestamp now = parse_rfc3339("2025-05-29T12:36:00Z").value();
  const HealthAnswer health = model.health(system->service.health.at(0), hours(1), now);
  EXPECT_EQ(health.status_code, 200);
  const char* documented = R"({
    "status": "healthy",
    "timestamp": "2025-05-29T12:36:00Z",
    "checks": {
      "database": "healthy",
      "memory_optimization": "active",
      "cache": "operational",
      "ai_services": "available"
    },
    "metrics": {
      "memory_reduction_percent": 95.2,
      "cache_hit_rate": 87.3,
      "variants_per_second": 28.1
    }
  })";
  EXPECT_EQ(nlohmann::ordered_json::parse(health.body), nlohmann::ordered_json::parse(documented));
}

}  // namespace
}  // namespace tocsin::fakes
