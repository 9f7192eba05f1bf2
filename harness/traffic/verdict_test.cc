#include "harness/traffic/verdict.h"

#include <gtest/gtest.h>

namespace tocsin::traffic {
namespace {

using std::chrono::milliseconds;

LoadOptions open_loop() {
  LoadOptions options;
  options.traffic.phases.emplace_back();
  return options;
}

LoadCounts good(std::uint64_t requests) {
  LoadCounts counts;
  counts.ledger.scheduled = requests;
  counts.ledger.completed = requests;
  counts.response.add(milliseconds(20), requests);
  counts.service.add(milliseconds(20), requests);
  counts.send_lag.add(Nanos(20'000), requests);
  return counts;
}

TEST(Verdict, IsGoodWhenTheScheduleWasKept) {
  EXPECT_EQ(invalid_reason(open_loop(), good(1'000), {}), "");
  EXPECT_EQ(invalid_reason(open_loop(), LoadCounts(), {}), "");
}

TEST(Verdict, DoesNotBlameTheGeneratorForTheTarget) {
  LoadCounts counts = good(500);
  counts.ledger.scheduled += 500;
  counts.ledger.failed += 500;
  counts.response.add(std::chrono::seconds(9), 500);
  EXPECT_EQ(invalid_reason(open_loop(), counts, {.busy = 0.5}), "");
}

TEST(Verdict, ALateGeneratorMeasuresNothing) {
  LoadCounts counts = good(1'000);
  counts.send_lag.add(milliseconds(25), 20);
  EXPECT_EQ(invalid_reason(open_loop(), counts, {}),
            "the load generator was late: 1 % of its requests left at least 25ms after they should "
            "have, though a connection was free (limit 10ms)");
  counts = good(1'000);
  counts.send_lag.add(milliseconds(25), 9);
  EXPECT_EQ(invalid_reason(open_loop(), counts, {}), "") << "fewer than one in a hundred";
  counts = good(10);
  counts.send_lag.add(milliseconds(25), 2);
  EXPECT_EQ(invalid_reason(open_loop(), counts, {}), "") << "too few to say";
}

TEST(Verdict, DroppedRequestsAreNoMeasurement) {
  LoadCounts counts = good(980);
  counts.ledger.scheduled = 1'000;
  counts.ledger.dropped = 15;
  counts.ledger.unfinished = 5;
  EXPECT_EQ(invalid_reason(open_loop(), counts, {.never_sent = 5}),
            "only 98.0 % of the scheduled requests could be sent: all 64 connections were waiting "
            "for answers, so 15 requests were dropped and 5 still waited for a connection at the "
            "end; allow more connections if the target may stall for so long");
  counts.ledger.dropped = 5;
  EXPECT_EQ(invalid_reason(open_loop(), counts, {.never_sent = 5}), "");
}

TEST(Verdict, ASaturatedGeneratorCannotTellWhoIsSlow) {
  LoadCounts counts = good(1'000);
  counts.response.add(milliseconds(500), 100);
  EXPECT_EQ(invalid_reason(open_loop(), counts, {.busy = 0.99}),
            "the load generator had no time left: a thread was busy 99 % of the time while "
            "requests waited for a connection; use more threads or a lower rate");
  EXPECT_EQ(invalid_reason(open_loop(), counts, {.busy = 0.8}), "");
}

TEST(Verdict, TheScheduleItselfMustBeWalkedThrough) {
  EXPECT_EQ(invalid_reason(open_loop(), good(1'000), {.behind = milliseconds(1'500)}),
            "the load generator ended 1.5s behind its schedule: nothing on this machine can keep "
            "that rate");
}

TEST(Verdict, AClosedLoopHasNoScheduleToKeep) {
  LoadOptions options = open_loop();
  options.traffic.phases[0].users = Users{64};
  LoadCounts counts = good(1'000);
  counts.response.add(milliseconds(500), 100);
  EXPECT_EQ(invalid_reason(options, counts, {.busy = 1}), "");
}

}  // namespace
}  // namespace tocsin::traffic
