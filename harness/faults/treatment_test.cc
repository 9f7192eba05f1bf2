#include "harness/faults/treatment.h"

#include <gtest/gtest.h>

namespace tocsin::faults {
namespace {

using Kind = NetworkFault::Kind;
using std::chrono::milliseconds;

using Way = NetworkFault::Direction;

Treatment treat(std::vector<NetworkFault> faults, double lot = 0, Way way = Way::kDownstream) {
  Random random(1);
  return treatment_of(faults, way, lot, random);
}

TEST(Treatment, NothingInForceChangesNothing) {
  EXPECT_EQ(treat({}), Treatment());
}

TEST(Treatment, EachKindWritesItsPart) {
  EXPECT_EQ(treat({{.kind = Kind::kLatency, .delay = milliseconds(200)}}).delay, milliseconds(200));
  EXPECT_EQ(treat({{.kind = Kind::kBandwidth, .bytes_per_second = 100}}).bytes_per_second, 100);
  EXPECT_EQ(treat({{.kind = Kind::kTimeout, .delay = milliseconds(5)}}).timeout_after,
            milliseconds(5));
  EXPECT_EQ(treat({{.kind = Kind::kReset}}).reset_after, Nanos(0));
  EXPECT_TRUE(treat({{.kind = Kind::kRefuse}}).refused);
  EXPECT_EQ(treat({{.kind = Kind::kSlowClose, .delay = milliseconds(7)}}).close_delay,
            milliseconds(7));
  EXPECT_EQ(treat({{.kind = Kind::kSlice, .slice_bytes = 16}}).slice_bytes, 16u);
}

TEST(Treatment, SeveralOfAKind) {
  const NetworkFault slow{.kind = Kind::kLatency, .delay = milliseconds(200)};
  EXPECT_EQ(treat({slow, slow}).delay, milliseconds(400));
  EXPECT_EQ(treat({{.kind = Kind::kBandwidth, .bytes_per_second = 100},
                   {.kind = Kind::kBandwidth, .bytes_per_second = 50},
                   {.kind = Kind::kBandwidth, .bytes_per_second = 70}})
                .bytes_per_second,
            50);
}

TEST(Treatment, JitterStaysInItsBounds) {
  Random random(1);
  const std::vector<NetworkFault> faults = {
      {.kind = Kind::kLatency, .delay = milliseconds(30), .jitter = milliseconds(50)}};
  Nanos least = Nanos::max();
  Nanos most{0};
  for (int i = 0; i < 1000; ++i) {
    const Nanos delay = treatment_of(faults, Way::kDownstream, 0, random).delay;
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_EQ(least, Nanos(0));
  EXPECT_LE(most, milliseconds(80));
  EXPECT_GT(most, milliseconds(75));
}

TEST(Treatment, ADirectionConcernsItsBytesAlone) {
  const NetworkFault up{
      .kind = Kind::kLatency, .delay = milliseconds(5), .direction = Way::kUpstream};
  EXPECT_EQ(treat({up}, 0, Way::kUpstream).delay, milliseconds(5));
  EXPECT_EQ(treat({up}, 0, Way::kDownstream), Treatment());
  const NetworkFault both{.kind = Kind::kSlice, .slice_bytes = 7, .direction = Way::kBoth};
  EXPECT_EQ(treat({both}, 0, Way::kUpstream).slice_bytes, 7u);
  EXPECT_EQ(treat({both}, 0, Way::kDownstream).slice_bytes, 7u);
  // What has none concerns the connection.
  EXPECT_TRUE(treat({{.kind = Kind::kRefuse}}, 0, Way::kUpstream).refused);
}

TEST(Treatment, TheShortestLimitWins) {
  EXPECT_EQ(treat({{.kind = Kind::kCutAfter, .limit_bytes = 9},
                   {.kind = Kind::kCutAfter, .limit_bytes = 0},
                   {.kind = Kind::kCutAfter, .limit_bytes = 5}})
                .limit_bytes,
            0u);
}

TEST(Treatment, AShareConcernsTheConnectionsBelowIt) {
  const NetworkFault half{.kind = Kind::kRefuse, .share = 0.5};
  EXPECT_TRUE(treat({half}, 0.49).refused);
  EXPECT_FALSE(treat({half}, 0.5).refused);
  EXPECT_FALSE(treat({{.kind = Kind::kRefuse, .share = 0}}, 0).refused);
}

}  // namespace
}  // namespace tocsin::faults
