#include <cmath>
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "fakes/service/model.h"
#include "fakes/service/test_target.h"
#include "harness/scenario/load.h"

/// Generic exporters are targets without endpoints, described in YAML alone.

namespace tocsin::fakes {
namespace {

using std::chrono::minutes;

class GenericExporter : public ::testing::Test {
 protected:
  GenericExporter() {
    Diagnostics diagnostics;
    system_ =
        scenario::load_system(TOCSIN_SOURCE_DIR "/fakes/exporters/testdata/shop", diagnostics);
    EXPECT_TRUE(system_) << diagnostics.render();
  }

  std::shared_ptr<const scenario::System> system_;
};

TEST_F(GenericExporter, CountsWithoutRequests) {
  const faults::FaultTimeline faults;
  TargetModel model(*system_->target("queue"), faults, {.noise = scenario::Noise::kNone});
  auto page = read_page(model, minutes(10));
  EXPECT_EQ(page[R"(queue_messages_ready)"], 12);
  EXPECT_EQ(page[R"(queue_messages_total{direction="in"})"], 24000);
  EXPECT_EQ(page[R"(queue_messages_total{direction="out"})"], 24000);
  EXPECT_EQ(page[R"(queue_wait_seconds_count)"], 24000);
  EXPECT_EQ(page[R"(queue_wait_seconds_bucket{le="0.1"})"], 12000);
  EXPECT_EQ(page[R"(queue_wait_seconds_bucket{le="+Inf"})"], 24000);
}

TEST_F(GenericExporter, FaultsMoveItAlone) {
  faults::Fault stuck;
  stuck.name = "fault";
  stuck.target = "queue";
  stuck.at = minutes(5);
  stuck.length = minutes(5);
  faults::SignalChange consumers;
  consumers.signal = "out.rate";
  stuck.changes.push_back(consumers);  // set to 0
  faults::SignalChange growing;
  growing.signal = "backlog";
  growing.from = 12;
  growing.value = 12012;
  stuck.changes.push_back(growing);
  const faults::FaultTimeline faults({stuck});
  TargetModel model(*system_->target("queue"), faults, {.noise = scenario::Noise::kNone});
  auto page = read_page(model, minutes(10) - Duration(1));
  EXPECT_NEAR(page[R"(queue_messages_total{direction="in"})"], 24000, 1);
  EXPECT_EQ(page[R"(queue_messages_total{direction="out"})"], 12000);
  EXPECT_NEAR(page[R"(queue_messages_ready)"], 12012, 1);
}

TEST_F(GenericExporter, CountsScatterWithNoise) {
  const faults::FaultTimeline faults;
  TargetModel model(*system_->target("queue"), faults, {.seed = 7});
  auto page = read_page(model, minutes(10));
  EXPECT_NEAR(page[R"(queue_messages_total{direction="in"})"], 24000, 6 * std::sqrt(24000));
  EXPECT_NE(page[R"(queue_messages_total{direction="in"})"],
            page[R"(queue_messages_total{direction="out"})"]);
}

}  // namespace
}  // namespace tocsin::fakes
