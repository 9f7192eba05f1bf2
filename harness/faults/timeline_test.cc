#include "harness/faults/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::faults {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ChangeKind = SignalChange::Kind;

SignalChange change(std::string signal, ChangeKind kind, double value) {
  SignalChange made;
  made.signal = std::move(signal);
  made.kind = kind;
  made.value = value;
  return made;
}

/// On the service from minute 5 to minute 15.
Fault fault(std::vector<SignalChange> changes) {
  Fault made;
  made.name = "fault";
  made.target = "service";
  made.at = minutes(5);
  made.length = minutes(10);
  made.changes = std::move(changes);
  return made;
}

Fault target_fault(TargetFaultKind kind) {
  Fault made = fault({});
  made.target_faults.push_back({.kind = kind, .delay = seconds(3), .pos = {}});
  return made;
}

double error_rate(const FaultTimeline& timeline, Duration offset, std::string_view endpoint = "") {
  return timeline.signal("service", "error_rate", endpoint, 0.01, offset);
}

TEST(FaultTimeline, LeavesSignalsAloneWithoutFaults) {
  EXPECT_EQ(error_rate(FaultTimeline(), minutes(5)), 0.01);
  EXPECT_THAT(FaultTimeline().change_points(), IsEmpty());
}

TEST(FaultTimeline, AFaultHoldsFromItsStartUntilBeforeItsEnd) {
  const FaultTimeline timeline({fault({change("error_rate", ChangeKind::kSet, 0.08)})});
  EXPECT_EQ(error_rate(timeline, minutes(5) - Duration(1)), 0.01);
  EXPECT_EQ(error_rate(timeline, minutes(5)), 0.08);
  EXPECT_EQ(error_rate(timeline, minutes(15) - Duration(1)), 0.08);
  EXPECT_EQ(error_rate(timeline, minutes(15)), 0.01);
  EXPECT_TRUE(timeline.moves("service", "error_rate", "", minutes(5)));
  EXPECT_FALSE(timeline.moves("service", "error_rate", "", minutes(15)));
}

TEST(FaultTimeline, OtherTargetsAndSignalsAreNotMeant) {
  const FaultTimeline timeline({fault({change("error_rate", ChangeKind::kSet, 0.08)})});
  EXPECT_EQ(timeline.signal("postgres", "error_rate", "", 0.01, minutes(6)), 0.01);
  EXPECT_EQ(timeline.signal("service", "errors", "", 0.01, minutes(6)), 0.01);
}

TEST(FaultTimeline, SetsComeFirstThenFactorsAndOffsetsInOrder) {
  const FaultTimeline timeline({fault({change("error_rate", ChangeKind::kFactor, 3)}),
                                fault({change("error_rate", ChangeKind::kSet, 0.05)}),
                                fault({change("error_rate", ChangeKind::kOffset, 0.01)}),
                                fault({change("error_rate", ChangeKind::kFactor, 2)})});
  EXPECT_DOUBLE_EQ(error_rate(timeline, minutes(6)), (0.05 * 3 + 0.01) * 2);
}

TEST(FaultTimeline, AChangeOfOneEndpointLeavesTheOthersAlone) {
  SignalChange chat = change("error_rate", ChangeKind::kSet, 0.5);
  chat.endpoint = "/api/chat";
  const FaultTimeline timeline({fault({chat})});
  EXPECT_EQ(error_rate(timeline, minutes(6), "/api/chat"), 0.5);
  EXPECT_EQ(error_rate(timeline, minutes(6), "/api/agents"), 0.01);
  EXPECT_EQ(error_rate(timeline, minutes(6)), 0.01);
}

TEST(FaultTimeline, RampsGrowThenHold) {
  SignalChange ramp = change("error_rate", ChangeKind::kSet, 0.2);
  ramp.from = 0.0;
  ramp.over = minutes(4);
  FaultTimeline timeline({fault({ramp})});
  EXPECT_EQ(error_rate(timeline, minutes(5)), 0.0);
  EXPECT_DOUBLE_EQ(error_rate(timeline, minutes(6)), 0.05);
  EXPECT_DOUBLE_EQ(error_rate(timeline, minutes(9)), 0.2);
  EXPECT_DOUBLE_EQ(error_rate(timeline, minutes(14)), 0.2);
  EXPECT_THAT(timeline.change_points(), ElementsAre(minutes(5), minutes(9), minutes(15)));

  ramp.over = Duration(0);  // the whole fault
  timeline = FaultTimeline({fault({ramp})});
  EXPECT_DOUBLE_EQ(error_rate(timeline, minutes(10)), 0.1);
  EXPECT_THAT(timeline.change_points(), ElementsAre(minutes(5), minutes(15)));
}

TEST(FaultTimeline, OccurrencesRepeat) {
  Fault repeated = fault({change("error_rate", ChangeKind::kSet, 0.08)});
  repeated.length = minutes(1);
  repeated.times = 3;
  repeated.every = minutes(4);
  const FaultTimeline timeline({repeated});
  for (const int start : {5, 9, 13}) {
    EXPECT_EQ(error_rate(timeline, minutes(start)), 0.08) << start;
    EXPECT_EQ(error_rate(timeline, minutes(start + 1)), 0.01) << start;
  }
  EXPECT_EQ(error_rate(timeline, minutes(17)), 0.01);
  EXPECT_THAT(timeline.change_points(), ElementsAre(minutes(5), minutes(6), minutes(9), minutes(10),
                                                    minutes(13), minutes(14)));
}

TEST(FaultTimeline, RampsStartAnewWithEachOccurrence) {
  SignalChange ramp = change("error_rate", ChangeKind::kSet, 1);
  ramp.from = 0.0;
  Fault repeated = fault({ramp});
  repeated.length = minutes(2);
  repeated.times = 2;
  repeated.every = minutes(3);
  const FaultTimeline timeline({repeated});
  EXPECT_DOUBLE_EQ(error_rate(timeline, minutes(6)), 0.5);
  EXPECT_DOUBLE_EQ(error_rate(timeline, minutes(9)), 0.5);
}

TEST(FaultTimeline, TheWorstTargetFaultWins) {
  const FaultTimeline timeline({target_fault(TargetFaultKind::kMalformedScrape),
                                target_fault(TargetFaultKind::kSlowScrape),
                                target_fault(TargetFaultKind::kRestart)});
  const auto in_force = timeline.target_fault("service", minutes(6));
  ASSERT_TRUE(in_force);
  EXPECT_EQ(in_force->kind, TargetFaultKind::kSlowScrape);
  EXPECT_EQ(in_force->delay, seconds(3));
  EXPECT_FALSE(timeline.target_fault("postgres", minutes(6)));
  EXPECT_FALSE(timeline.target_fault("service", minutes(15)));

  const FaultTimeline worse(
      {target_fault(TargetFaultKind::kHang), target_fault(TargetFaultKind::kDown)});
  EXPECT_EQ(worse.target_fault("service", minutes(6))->kind, TargetFaultKind::kDown);
}

TEST(FaultTimeline, AProcessRestartsWhenToldToAndAfterBeingDown) {
  Fault down = target_fault(TargetFaultKind::kDown);
  down.times = 2;
  down.every = minutes(20);
  Fault restart = target_fault(TargetFaultKind::kRestart);
  restart.at = minutes(20);
  restart.length = Duration(0);
  const FaultTimeline timeline({down, restart, target_fault(TargetFaultKind::kHang)});
  EXPECT_THAT(timeline.restarts("service"), ElementsAre(minutes(15), minutes(20), minutes(35)));
  EXPECT_FALSE(timeline.target_fault("service", minutes(20)));
}

TEST(FaultTimeline, NetworkFaultsAddUp) {
  Fault first = fault({});
  first.network_faults.push_back({.kind = NetworkFault::Kind::kLatency, .delay = seconds(1)});
  Fault second = fault({});
  second.at = minutes(8);
  second.network_faults.push_back({.kind = NetworkFault::Kind::kRefuse, .share = 0.5});
  const FaultTimeline timeline({first, second});
  EXPECT_EQ(timeline.network_faults(minutes(6)).size(), 1u);
  EXPECT_EQ(timeline.network_faults(minutes(9)).size(), 2u);
  EXPECT_EQ(timeline.network_faults(minutes(16)).size(), 1u);
  EXPECT_THAT(timeline.network_faults(minutes(20)), IsEmpty());
}

TEST(FaultTimeline, OfTwoTroublesOfAReceiverTheLaterWrittenCounts) {
  Fault first = fault({});
  first.target = "receiver";
  first.at = minutes(1);
  first.length = minutes(3);
  first.receiver_faults.push_back(
      {.receiver = "slack", .kind = ReceiverFault::Kind::kStatus, .status = 503});
  Fault second = first;
  second.at = minutes(2);
  second.length = minutes(1);
  second.receiver_faults[0].kind = ReceiverFault::Kind::kDown;
  const FaultTimeline timeline({first, second});
  const auto kind_at = [&](Duration offset) {
    const auto trouble = timeline.receiver_fault("slack", offset);
    return trouble ? std::string(to_string(trouble->kind)) : "";
  };
  EXPECT_EQ(kind_at(seconds(59)), "");
  EXPECT_EQ(kind_at(seconds(60)), "status");
  EXPECT_EQ(kind_at(seconds(120)), "down");
  EXPECT_EQ(kind_at(seconds(180)), "status");
  EXPECT_EQ(kind_at(seconds(240)), "");
  EXPECT_FALSE(timeline.receiver_fault("email", seconds(90)));
}

TEST(FaultTimeline, EventsAreScaledAndInOrder) {
  Fault later = fault({change("error_rate", ChangeKind::kSet, 0.08)});
  Fault sooner = target_fault(TargetFaultKind::kDown);
  sooner.name = "fault 2";
  sooner.at = minutes(1);
  const Timestamp start = from_ms(1'000'000);
  const std::vector<Event> events = FaultTimeline({later, sooner}).events(start, 60);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].name, "fault 2");
  EXPECT_EQ(events[0].kind, EventKind::kFaultStart);
  EXPECT_EQ(events[0].at, start + seconds(1));
  EXPECT_EQ(events[0].description, "service down");
  EXPECT_EQ(events[1].name, "fault");
  EXPECT_EQ(events[1].at, start + seconds(5));
  EXPECT_EQ(events[2].kind, EventKind::kFaultEnd);
  EXPECT_EQ(events[2].at, start + seconds(11));
  EXPECT_EQ(events[3].at, start + seconds(15));
}

TEST(Fault, Describes) {
  Fault made = fault(
      {change("error_rate", ChangeKind::kSet, 0.08), change("latency", ChangeKind::kFactor, 3)});
  made.changes[0].text = "8%";
  made.changes[1].endpoint = "/api/chat";
  EXPECT_EQ(made.describe(), "service error_rate 8%, latency of /api/chat x3");

  SignalChange ramp = change("queue", ChangeKind::kOffset, 20);
  ramp.from = 5.0;
  EXPECT_EQ(fault({ramp}).describe(), "service queue +5..+20");
  EXPECT_EQ(target_fault(TargetFaultKind::kSlowScrape).describe(), "service slow_scrape 3s");

  Fault network = fault({});
  network.target = "network";
  network.network_faults.push_back({.kind = NetworkFault::Kind::kLatency,
                                    .delay = Duration(200),
                                    .jitter = Duration(50),
                                    .share = 0.25});
  network.network_faults.push_back(
      {.kind = NetworkFault::Kind::kBandwidth, .bytes_per_second = 8000});
  network.network_faults.push_back({.kind = NetworkFault::Kind::kSlice, .slice_bytes = 16});
  EXPECT_EQ(network.describe(), "network latency 200ms ± 50ms for 25%, bandwidth 8KB/s, slice 16B");

  Fault receiver = fault({});
  receiver.target = "receiver";
  receiver.receiver_faults.push_back({.receiver = "slack",
                                      .kind = ReceiverFault::Kind::kStatus,
                                      .status = 429,
                                      .retry_after = Duration(30'000),
                                      .delay = Duration(500)});
  receiver.receiver_faults.push_back(
      {.receiver = "email", .kind = ReceiverFault::Kind::kDelay, .delay = Duration(2000)});
  EXPECT_EQ(receiver.describe(),
            "receiver slack status 429 retry_after 30s delay 500ms, email delay 2s");
}

}  // namespace
}  // namespace tocsin::faults
