#include "harness/traffic/dispatcher.h"

#include <map>

#include <gtest/gtest.h>

namespace tocsin::traffic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Traffic paced(double rate_hz, Duration length) {
  Phase phase;
  phase.shape = ConstantRate{rate_hz};
  phase.length = length;
  phase.arrivals = Arrivals::kPaced;
  return {{phase}};
}

Traffic users(std::uint32_t count, Duration think, Duration length) {
  Phase phase;
  phase.users = Users{count, think};
  phase.length = length;
  return {{phase}};
}

/// A dispatcher with its recorder, driven by hand.
struct Bench {
  Bench(const Traffic& traffic, Dispatcher::Options options)
      : recorder(traffic, {}), dispatcher(traffic, options, recorder) {}

  void answer(const Dispatcher::Assignment& assignment, Nanos now) {
    recorder.completed(assignment.request, {});
    dispatcher.finished(assignment, now, Dispatcher::Outcome::kAnswered);
  }

  Recorder recorder;
  Dispatcher dispatcher;
};

TEST(OpenLoop, SendsWhenDueAndNotBefore) {
  Bench bench(paced(10, seconds(1)), {.schedule = {}, .connections = 2, .waiting_limit = 5});
  EXPECT_EQ(bench.dispatcher.next_due(), milliseconds(50));
  EXPECT_FALSE(bench.dispatcher.poll(milliseconds(49)));
  const auto first = bench.dispatcher.poll(milliseconds(51));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->connection, 0U);
  EXPECT_EQ(first->request.intended, milliseconds(50));
  EXPECT_EQ(first->ready, milliseconds(50)) << "the generator is 1 ms late";
  EXPECT_FALSE(bench.dispatcher.poll(milliseconds(51)));
  EXPECT_EQ(bench.dispatcher.next_due(), milliseconds(150));
}

TEST(OpenLoop, TheConnectionUsedLastGoesFirst) {
  Bench bench(paced(10, seconds(1)), {.schedule = {}, .connections = 3, .waiting_limit = 5});
  const auto a = bench.dispatcher.poll(milliseconds(160));
  const auto b = bench.dispatcher.poll(milliseconds(160));
  EXPECT_EQ(a->connection, 0U);
  EXPECT_EQ(b->connection, 1U);
  bench.answer(*b, milliseconds(170));
  bench.answer(*a, milliseconds(180));
  EXPECT_EQ(bench.dispatcher.poll(milliseconds(250))->connection, 0U);
  EXPECT_EQ(bench.dispatcher.poll(milliseconds(350))->connection, 1U);
  EXPECT_EQ(bench.dispatcher.poll(milliseconds(450))->connection, 2U);
}

TEST(OpenLoop, WaitingForAConnectionIsNotTheGeneratorsLag) {
  Bench bench(paced(10, seconds(1)), {.schedule = {}, .connections = 1, .waiting_limit = 5});
  const auto slow = bench.dispatcher.poll(milliseconds(50));
  EXPECT_FALSE(bench.dispatcher.poll(milliseconds(390)));
  bench.answer(*slow, milliseconds(400));
  const auto waited = bench.dispatcher.poll(milliseconds(401));
  ASSERT_TRUE(waited);
  EXPECT_EQ(waited->request.intended, milliseconds(150)) << "first come, first served";
  EXPECT_EQ(waited->ready, milliseconds(400));
}

TEST(OpenLoop, DropsWhatTheLineCannotHold) {
  Bench bench(paced(10, seconds(1)), {.schedule = {}, .connections = 1, .waiting_limit = 3});
  const auto slow = bench.dispatcher.poll(milliseconds(50));
  EXPECT_FALSE(bench.dispatcher.poll(seconds(1)));
  EXPECT_EQ(bench.recorder.everything().scheduled, 10U);
  EXPECT_EQ(bench.recorder.everything().dropped, 6U);
  EXPECT_FALSE(bench.dispatcher.exhausted());
  bench.answer(*slow, seconds(1));
  for (int i = 0; i < 3; ++i) bench.answer(*bench.dispatcher.poll(seconds(2)), seconds(2));
  EXPECT_FALSE(bench.dispatcher.poll(seconds(2)));
  EXPECT_TRUE(bench.dispatcher.exhausted());
  EXPECT_TRUE(bench.recorder.everything().balanced());
}

TEST(OpenLoop, WithoutALineOnlyFreeConnectionsTakeRequests) {
  Bench bench(paced(10, seconds(1)), {.schedule = {}, .connections = 2, .waiting_limit = 0});
  const auto a = bench.dispatcher.poll(milliseconds(350));
  const auto b = bench.dispatcher.poll(milliseconds(350));
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(bench.dispatcher.poll(milliseconds(350)));
  EXPECT_EQ(bench.recorder.everything().dropped, 2U);
}

TEST(OpenLoop, ARateBeyondAllMeansDoesNotHoldUpTheCaller) {
  Bench bench(paced(1e9, seconds(60)), {.schedule = {}, .connections = 1, .waiting_limit = 0});
  ASSERT_TRUE(bench.dispatcher.poll(seconds(30)));
  EXPECT_EQ(bench.recorder.everything().scheduled, 256U);
  EXPECT_LT(bench.dispatcher.next_due(), seconds(1)) << "far behind, and says so";
}

TEST(OpenLoop, AbandonedRequestsAreUnfinished) {
  Bench bench(paced(10, seconds(1)), {.schedule = {}, .connections = 1, .waiting_limit = 99});
  const auto stuck = bench.dispatcher.poll(seconds(1));
  EXPECT_EQ(bench.dispatcher.abandon_waiting(), 9U);
  bench.recorder.unfinished(stuck->request);
  EXPECT_EQ(bench.recorder.everything().unfinished, 10U);
  EXPECT_TRUE(bench.recorder.everything().balanced());
}

TEST(ClosedLoop, EachUserSendsThinksAndSendsAgain) {
  Bench bench(users(2, milliseconds(100), seconds(1)),
              {.schedule = {}, .connections = 8, .waiting_limit = 5});
  const auto first = bench.dispatcher.poll(Nanos(0));
  ASSERT_TRUE(first);
  EXPECT_FALSE(bench.dispatcher.poll(milliseconds(49)));
  EXPECT_EQ(bench.dispatcher.next_due(), milliseconds(50)) << "users don't march in step";
  ASSERT_TRUE(bench.dispatcher.poll(milliseconds(50)));
  EXPECT_EQ(bench.dispatcher.next_due(), Nanos::max()) << "both wait for their answers";
  bench.answer(*first, milliseconds(230));
  EXPECT_EQ(bench.dispatcher.next_due(), milliseconds(330));
  const auto again = bench.dispatcher.poll(milliseconds(331));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->request.intended, milliseconds(330));
}

TEST(ClosedLoop, WithoutThinkTimeTheSameConnectionGoesOn) {
  Bench bench(users(3, Duration(0), seconds(1)),
              {.schedule = {}, .connections = 3, .waiting_limit = 0});
  auto assignment = bench.dispatcher.poll(Nanos(0));
  EXPECT_EQ(bench.dispatcher.next_due(), Nanos(100'000)) << "one after another";
  ASSERT_TRUE(bench.dispatcher.poll(Nanos(200'000)));
  ASSERT_TRUE(bench.dispatcher.poll(Nanos(200'000)));
  for (int ms = 1; ms < 100; ++ms) {
    const std::uint32_t connection = assignment->connection;
    bench.answer(*assignment, milliseconds(ms));
    assignment = bench.dispatcher.poll(milliseconds(ms));
    ASSERT_TRUE(assignment);
    EXPECT_EQ(assignment->connection, connection);
    EXPECT_EQ(assignment->ready, milliseconds(ms));
  }
}

TEST(ClosedLoop, UsersGoHomeWhenThePhaseEnds) {
  Bench bench(users(1, milliseconds(300), seconds(1)),
              {.schedule = {}, .connections = 1, .waiting_limit = 0});
  Nanos now{0};
  int sent = 0;
  while (const auto assignment = bench.dispatcher.poll(now)) {
    ++sent;
    bench.answer(*assignment, now + milliseconds(100));
    now += milliseconds(400);
  }
  EXPECT_EQ(sent, 3) << "at 0, 400 and 800 ms";
  EXPECT_TRUE(bench.dispatcher.exhausted());
}

TEST(ClosedLoop, AFailureIsFollowedByAPause) {
  Bench bench(users(1, Duration(0), seconds(1)),
              {.schedule = {}, .connections = 1, .waiting_limit = 0});
  const auto refused = bench.dispatcher.poll(Nanos(0));
  bench.dispatcher.finished(*refused, milliseconds(1), Dispatcher::Outcome::kFailed);
  EXPECT_EQ(bench.dispatcher.next_due(), milliseconds(101));
}

TEST(ClosedLoop, PartsShareTheUsers) {
  for (const std::uint32_t total : {1U, 2U, 7U}) {
    std::uint32_t sent = 0;
    for (std::uint32_t part = 0; part < 3; ++part) {
      Dispatcher::Options options{.schedule = {}, .connections = 9, .waiting_limit = 0};
      options.schedule.part = part;
      options.schedule.of = 3;
      Bench bench(users(total, Duration(0), seconds(1)), options);
      while (bench.dispatcher.poll(milliseconds(900))) ++sent;
    }
    EXPECT_EQ(sent, total);
  }
}

TEST(ClosedLoop, TimeScaleShortensThinkingAndPhases) {
  Dispatcher::Options options{.schedule = {}, .connections = 1, .waiting_limit = 0};
  options.schedule.time_scale = 10;
  Bench bench(users(1, seconds(1), seconds(10)), options);
  const auto assignment = bench.dispatcher.poll(Nanos(0));
  bench.answer(*assignment, milliseconds(10));
  EXPECT_EQ(bench.dispatcher.next_due(), milliseconds(110));
  bench.answer(*bench.dispatcher.poll(milliseconds(110)), milliseconds(900));
  EXPECT_EQ(bench.dispatcher.next_due(), Nanos::max()) << "the phase ends after one second";
}

/// Whatever answers come when: every request has one end, and connections are never used twice.
TEST(Ledger, BalancesForRandomTargets) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed);
    Traffic traffic = paced(200, seconds(1));
    traffic.phases[0].arrivals = seed % 2 == 0 ? Arrivals::kPaced : Arrivals::kPoisson;
    traffic.phases.push_back(users(3, milliseconds(20), seconds(1)).phases[0]);
    Bench bench(traffic, {.schedule = {.seed = seed}, .connections = 4, .waiting_limit = seed % 7});
    std::map<std::uint32_t, Dispatcher::Assignment> in_flight;
    for (Nanos now{0}; now < seconds(2); now += Nanos(random.below(5'000'000))) {
      while (const auto assignment = bench.dispatcher.poll(now)) {
        EXPECT_LE(assignment->ready, now);
        EXPECT_LE(assignment->request.intended, assignment->ready);
        EXPECT_TRUE(in_flight.emplace(assignment->connection, *assignment).second);
      }
      if (in_flight.empty() || random.uniform() < 0.3) continue;
      const auto done = in_flight.begin()->second;
      in_flight.erase(in_flight.begin());
      if (random.uniform() < 0.5) {
        bench.answer(done, now);
      } else {
        bench.recorder.failed(done.request, Nanos(0), "timeout");
        bench.dispatcher.finished(done, now, Dispatcher::Outcome::kFailed);
      }
    }
    bench.dispatcher.abandon_waiting();
    for (const auto& [connection, assignment] : in_flight) {
      bench.recorder.unfinished(assignment.request);
    }
    EXPECT_TRUE(bench.recorder.everything().balanced()) << "seed " << seed;
    const LoadResult result = bench.recorder.result({}, seconds(2));
    EXPECT_EQ(result.total.ledger, bench.recorder.everything());
    for (const LoadSlice& slice : result.slices) EXPECT_TRUE(slice.counts.ledger.balanced());
  }
}

}  // namespace
}  // namespace tocsin::traffic
