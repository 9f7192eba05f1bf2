#include "harness/traffic/load.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/net/listener.h"
#include "harness/net/timer.h"
#include "harness/traffic/test_server.h"

namespace tocsin::traffic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::Pair;

LoadOptions paced(const std::string& url, double rate_hz, Duration length) {
  LoadOptions options;
  options.url = url;
  options.requests = {{.name = "root"}};
  Phase phase;
  phase.shape = ConstantRate{rate_hz};
  phase.arrivals = Arrivals::kPaced;
  phase.length = length;
  options.traffic.phases.push_back(phase);
  // The machine may be busy with other tests; what is measured about time is in load_slow_test.cc.
  options.lag_limit = seconds(1);
  return options;
}

LoadOutcome run(const LoadOptions& options) {
  LoadStop stop;
  LoadOutcome outcome = run_load(options, stop, {}).value();
  EXPECT_TRUE(outcome.result.total.ledger.balanced());
  return outcome;
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// What one second of requests against such a server fails of.
std::map<std::string, std::uint64_t> failures(http::Reply reply) {
  TestServer server(TestServer::replies(std::move(reply)));
  const LoadOutcome outcome = run(paced(server.url(), 100, milliseconds(200)));
  EXPECT_EQ(outcome.result.total.ledger.failed, 20U);
  return outcome.result.total.by_error;
}

TEST(OpenLoopLive, KeepsItsScheduleExactly) {
  TestServer server(TestServer::says("hello"));
  const std::size_t descriptors = open_descriptors();
  const LoadOutcome outcome = run(paced(server.url(), 4'000, milliseconds(500)));
  const LoadCounts& total = outcome.result.total;
  EXPECT_EQ(total.ledger.scheduled, 2'000U);
  EXPECT_EQ(total.ledger.completed, 2'000U);
  EXPECT_THAT(total.by_status, ElementsAre(Pair(200, 2'000)));
  EXPECT_EQ(total.bytes_in, 10'000U);
  EXPECT_EQ(outcome.result.to - outcome.result.from, milliseconds(500));
  EXPECT_EQ(total.send_lag.count(), 2'000U);
  EXPECT_TRUE(server.becomes_empty()) << "no connection is left behind";
  EXPECT_EQ(open_descriptors(), descriptors);
}

TEST(OpenLoopLive, CountsFromTheIntendedStartWhenTheServerStalls) {
  // A stall of 200 ms in one second: the last hundredth of all requests wait for all but 10 ms of
  // it. A tool that waits with the server sees a few slow requests in a thousand.
  std::atomic<bool> stalled = false;
  const Nanos stall_at = system_clock().monotonic() + milliseconds(300);
  TestServer server([&](http::Request) -> net::Task<http::Reply> {
    if (system_clock().monotonic() > stall_at && !stalled.exchange(true)) {
      std::this_thread::sleep_for(milliseconds(200));
    }
    co_return http::text_response(200, "hello");
  });
  const LoadOutcome outcome = run(paced(server.url(), 1'000, seconds(1)));
  const LoadCounts& total = outcome.result.total;
  EXPECT_TRUE(stalled);
  EXPECT_EQ(total.ledger.completed, 1'000U);
  EXPECT_GT(total.response.quantile(0.99), milliseconds(170));
  EXPECT_EQ(outcome.invalid_reason, "") << "the stall was the server's";
}

TEST(OpenLoopLive, LimitsItsConnections) {
  TestServer server([](http::Request) -> net::Task<http::Reply> {
    co_await net::sleep_for(milliseconds(20));
    co_return http::text_response(200, "slow");
  });
  LoadOptions options = paced(server.url(), 500, milliseconds(400));
  options.connections = 5;
  const LoadOutcome outcome = run(options);
  EXPECT_EQ(outcome.result.total.ledger.completed, 200U);
  EXPECT_EQ(server.counters().connections, 5U);
  // 200 requests over 5 connections take 800 ms, so the last one waits for about 400 ms.
  EXPECT_GT(outcome.result.total.response.max(), milliseconds(350));
  EXPECT_LT(outcome.result.total.service.quantile(0.5), milliseconds(200));
}

TEST(OpenLoopLive, DropsWhatMayNotWaitAndIsInvalidThen) {
  TestServer server(TestServer::replies(http::Reply::hang()));
  LoadOptions options = paced(server.url(), 500, milliseconds(200));
  options.connections = 3;
  options.waiting_limit = 10;
  options.drain = Duration(0);
  const LoadOutcome outcome = run(options);
  EXPECT_EQ(outcome.result.total.ledger.unfinished, 13U);
  EXPECT_EQ(outcome.result.total.ledger.dropped, 87U);
  EXPECT_THAT(outcome.invalid_reason,
              HasSubstr("only 3.0 % of the scheduled requests could be sent"));
  EXPECT_TRUE(server.becomes_empty());
}

TEST(OpenLoopLive, ARateBeyondAllMeansIsInvalidAndEndsOnTime) {
  TestServer server(TestServer::says("hello"));
  LoadOptions options = paced(server.url(), 1e9, milliseconds(200));
  options.waiting_limit = 100;
  options.drain = milliseconds(400);
  options.lag_limit = milliseconds(10);
  const Nanos before = system_clock().monotonic();
  const LoadOutcome outcome = run(options);
  EXPECT_LT(system_clock().monotonic() - before, seconds(3));
  EXPECT_GT(outcome.result.total.ledger.completed, 0U) << "the connections have their turn";
  EXPECT_THAT(outcome.invalid_reason, HasSubstr("behind its schedule"));
}

TEST(OpenLoopLive, ThreadsShareTheWork) {
  TestServer server(TestServer::says("hello"));
  LoadOptions options = paced(server.url(), 1'000, milliseconds(500));
  options.threads = 2;
  options.connections = 7;
  options.requests = {{.name = "a", .target = "/a"}, {.name = "b", .target = "/b"}};
  const LoadOutcome outcome = run(options);
  EXPECT_EQ(outcome.result.total.ledger.completed, 500U);
  EXPECT_EQ(outcome.result.by_endpoint.at("a").ledger.completed, 250U);
  EXPECT_EQ(outcome.result.by_endpoint.at("b").ledger.completed, 250U);
  EXPECT_LE(server.counters().connections, 7U);
}

TEST(OpenLoopLive, ScaledRunsAreShorterAndWarmUpIsLeftOut) {
  TestServer server(TestServer::says("hello"));
  LoadOptions options = paced(server.url(), 100, seconds(12));
  options.traffic.phases.push_back(options.traffic.phases[0]);
  options.traffic.phases[0].warm_up = true;
  options.time_scale = 60;
  const LoadOutcome outcome = run(options);
  EXPECT_EQ(outcome.result.total.ledger.completed, 20U);
  EXPECT_EQ(outcome.result.to - outcome.result.from, milliseconds(200));
  EXPECT_EQ(server.counters().requests, 40U);
}

TEST(Requests, ArriveAsWritten) {
  std::mutex mutex;
  std::set<std::string> seen;
  TestServer server([&](http::Request request) -> net::Task<http::Reply> {
    const std::lock_guard lock(mutex);
    seen.insert(request.method + " " + request.target + " " +
                std::string(request.headers.get("X-Kind")) + " " + request.body);
    co_return http::text_response(request.method == "PUT" ? 201 : 404, "made");
  });
  LoadOptions options = paced(server.url() + "/api", 100, milliseconds(40));
  options.threads = 2;
  options.requests = {{.name = "put",
                       .method = "PUT",
                       .target = "/x/{seq}",
                       .headers = {{"X-Kind", "a"}},
                       .body = "n={seq}"},
                      {.name = "head", .method = "HEAD"}};
  const LoadOutcome outcome = run(options);
  EXPECT_THAT(outcome.result.total.by_status, ElementsAre(Pair(201, 2), Pair(404, 2)));
  EXPECT_THAT(outcome.result.by_endpoint.at("head").by_status, ElementsAre(Pair(404, 2)));
  EXPECT_EQ(outcome.result.by_endpoint.at("head").bytes_in, 0U);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(seen.size(), 3U) << "two PUTs with numbers of their own";
  EXPECT_TRUE(seen.contains("GET /api  ")) << "which is how the server's handler sees HEAD";
  EXPECT_THAT(*seen.rbegin(), testing::MatchesRegex("PUT /api/x/([0-9]+) a n=[0-9]+"));
}

TEST(KeepAlive, OffOpensAConnectionForEachRequest) {
  TestServer server(TestServer::says("hello"));
  LoadOptions options = paced(server.url(), 200, milliseconds(200));
  options.keep_alive = false;
  EXPECT_EQ(run(options).result.total.ledger.completed, 40U);
  EXPECT_EQ(server.counters().connections, 40U);
}

TEST(ClosedLoopLive, UsersThinkBetweenAnswerAndRequest) {
  TestServer server(TestServer::says("hello"));
  LoadOptions options = paced(server.url(), 0, milliseconds(500));
  options.traffic.phases[0].users = Users{5, milliseconds(100)};
  const LoadOutcome outcome = run(options);
  // Five users, each at most once in 100 ms, beginning within the first 80 ms.
  EXPECT_GE(outcome.result.total.ledger.completed, 5U);
  EXPECT_LE(outcome.result.total.ledger.completed, 25U);
  EXPECT_EQ(outcome.invalid_reason, "");
}

TEST(ClosedLoopLive, WithoutThinkTimeSendsAsFastAsAnswersCome) {
  TestServer server(TestServer::says("hello"));
  LoadOptions options = paced(server.url(), 0, milliseconds(300));
  options.traffic.phases[0].users = Users{4};
  const LoadOutcome outcome = run(options);
  EXPECT_GT(outcome.result.total.ledger.completed, 50U);
  EXPECT_EQ(server.counters().connections, 4U);
}

TEST(Failures, AreData) {
  EXPECT_THAT(failures(http::Reply::close()), ElementsAre(Pair("closed by peer", 20)));
  EXPECT_THAT(failures(http::Reply::reset()), ElementsAre(Pair("connection reset", 20)));
  EXPECT_THAT(failures(http::Reply::malformed("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal")),
              ElementsAre(Pair(HasSubstr("closed within the response"), 20)));
  EXPECT_THAT(failures(http::Reply::malformed("HTTP/1.1 2x0 OK\r\n\r\n")),
              ElementsAre(Pair(HasSubstr("bad status line"), 20)));
  EXPECT_THAT(failures(http::Reply::malformed(std::string(100'000, '\0'))),
              ElementsAre(Pair(HasSubstr("too large"), 20)));
}

TEST(Failures, NobodyListens) {
  net::Loop loop;
  const std::uint16_t port = net::Listener::open(loop, {}).value().port();
  const std::string url = "http://127.0.0.1:" + std::to_string(port);
  const LoadOutcome outcome = run(paced(url, 100, milliseconds(200)));
  EXPECT_THAT(outcome.result.total.by_error, ElementsAre(Pair("connection refused", 20)));
  EXPECT_EQ(outcome.invalid_reason, "");

  LoadOptions closed = paced(url, 0, milliseconds(250));
  closed.traffic.phases[0].users = Users{3};
  const std::uint64_t failed = run(closed).result.total.ledger.failed;
  EXPECT_GE(failed, 3U);
  EXPECT_LE(failed, 9U) << "a pause of 100 ms follows each failure";
}

TEST(Failures, TimeoutsCountFromTheSend) {
  TestServer server(TestServer::replies(http::Reply::hang()));
  LoadOptions options = paced(server.url(), 100, milliseconds(100));
  options.timeout = milliseconds(80);
  options.connections = 2;
  const LoadOutcome outcome = run(options);
  EXPECT_THAT(outcome.result.total.by_error, ElementsAre(Pair("timeout", 10)));
  EXPECT_TRUE(server.becomes_empty());
}

TEST(Failures, AnswersAfterTheDrainTimeAreUnfinished) {
  TestServer server(TestServer::replies(http::Reply::hang()));
  LoadOptions options = paced(server.url(), 100, milliseconds(100));
  options.drain = milliseconds(50);
  const Nanos before = system_clock().monotonic();
  const LoadOutcome outcome = run(options);
  EXPECT_LT(system_clock().monotonic() - before, seconds(3));
  EXPECT_EQ(outcome.result.total.ledger.unfinished, 10U);
  EXPECT_FALSE(outcome.stopped);
  EXPECT_TRUE(server.becomes_empty());
}

TEST(Stop, EndsAtOnceAndKeepsWhatWasSeen) {
  TestServer server(TestServer::says("hello"));
  const LoadOptions options = paced(server.url(), 100, seconds(60));
  LoadStop stop;
  Nanos asked{0};
  const auto on_progress = [&](const LoadProgress& progress) {
    EXPECT_EQ(progress.planned, seconds(60));
    EXPECT_TRUE(progress.ledger.scheduled >= progress.ledger.completed);
    if (progress.ledger.completed < 10 || stop.requested()) return;
    asked = system_clock().monotonic();
    stop.request();
  };
  const LoadOutcome outcome = run_load(options, stop, on_progress).value();
  // It takes a tick of 50 ms, on a busy machine more; without the stop, a minute.
  EXPECT_LT(system_clock().monotonic() - asked, seconds(10));
  EXPECT_TRUE(outcome.stopped);
  EXPECT_EQ(outcome.invalid_reason, "");
  EXPECT_GE(outcome.result.total.ledger.completed, 10U);
  EXPECT_LT(outcome.result.to - outcome.result.from, seconds(30));
  EXPECT_TRUE(outcome.result.total.ledger.balanced());
  EXPECT_TRUE(server.becomes_empty());
}

TEST(Stop, BeforeTheStartSendsNothing) {
  TestServer server(TestServer::says("hello"));
  LoadStop stop;
  stop.request();
  const LoadOutcome outcome = run_load(paced(server.url(), 10, seconds(60)), stop, {}).value();
  EXPECT_TRUE(outcome.stopped);
  EXPECT_EQ(outcome.result.total.ledger, LoadLedger());
}

}  // namespace
}  // namespace tocsin::traffic
