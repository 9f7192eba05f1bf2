#include "harness/run/prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/http/test_support.h"

namespace tocsin::run {
namespace {

using http::Reply;
using http::Request;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

net::Task<Reply> reply_with(Reply reply) {
  co_return reply;
}

struct Spec {
  Duration period = milliseconds(10);
  Duration timeout = seconds(5);
  int failure_threshold = 3;
};

/// Probes at 0, one period, … up to `end`.
std::vector<ProbeResult> probe(const http::Handler& handler, const Spec& spec, Duration end) {
  scenario::Target target;
  target.name = "service";
  scenario::HealthEndpoint endpoint;
  endpoint.path = "/health";
  endpoint.probe.period = spec.period;
  endpoint.probe.timeout = spec.timeout;
  endpoint.probe.failure_threshold = spec.failure_threshold;
  Evidence evidence;
  const auto script = [&](net::Loop& loop, http::Server& server) -> net::Task<void> {
    const LiveClock clock(system_clock(), 1);
    const ProbePlan plan{&target, &endpoint};
    co_await probe_endpoint(loop, plan, http::url_of(server, "/health"), nullptr, clock, end,
                            evidence);
  };
  http::with_server(handler, {}, script);
  return std::move(evidence.probes);
}

ProbeResult probe_once(Reply reply) {
  const http::Handler handler = [&](const Request&) { return reply_with(reply); };
  auto results = probe(handler, {.period = seconds(10)}, Duration(0));
  EXPECT_EQ(results.size(), 1U);
  return results.at(0);
}

TEST(Prober, KeepsStatusBodyAndLatency) {
  const ProbeResult result = probe_once(http::text_response(503, R"({"status":"unhealthy"})"));
  EXPECT_EQ(result.target, "service");
  EXPECT_EQ(result.endpoint, "/health");
  EXPECT_EQ(result.status_code, 503);
  EXPECT_EQ(result.body, R"({"status":"unhealthy"})");
  EXPECT_EQ(result.error, "");
  EXPECT_GT(result.latency, Nanos(0));
}

TEST(Prober, TellsTroubleApart) {
  EXPECT_THAT(probe_once(Reply::close()).error, HasSubstr("closed"));
  EXPECT_THAT(probe_once(Reply::reset()).error, HasSubstr("reset"));
  const ProbeResult babble = probe_once(Reply::malformed("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
  EXPECT_NE(babble.error, "");
  EXPECT_EQ(babble.status_code, 0);
}

TEST(Prober, KeepsNoMoreThanTheBeginningOfALongAnswer) {
  EXPECT_EQ(probe_once(http::text_response(200, std::string(100'000, 'x'))).body.size(), 16'384U);
  const ProbeResult huge = probe_once(http::text_response(200, std::string(2 << 20, 'x')));
  EXPECT_EQ(huge.status_code, 0);
  EXPECT_NE(huge.error, "");
}

TEST(Prober, TimesOut) {
  const http::Handler hang = [](const Request&) { return reply_with(Reply::hang()); };
  const auto results =
      probe(hang, {.period = seconds(10), .timeout = milliseconds(50)}, Duration(0));
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].error, "timeout");
  EXPECT_GE(results[0].latency, milliseconds(50));
}

/// With a period of 10 ms the timeout is 100 ms, not five seconds.
TEST(Prober, DoesNotOutlastItsPeriod) {
  const http::Handler hang = [](const Request&) { return reply_with(Reply::hang()); };
  const auto results = probe(hang, {.failure_threshold = 2}, seconds(1));
  ASSERT_GE(results.size(), 2U);
  EXPECT_GE(results[0].latency, milliseconds(100));
  EXPECT_LT(results[0].latency, seconds(5));
  EXPECT_TRUE(results[0].considered_ok);
  EXPECT_FALSE(results[1].considered_ok);
}

TEST(Prober, ThinksAsKubernetesDoes) {
  int asked = 0;
  const http::Handler handler = [&](const Request&) {
    ++asked;
    return reply_with(http::text_response(asked <= 3 ? 503 : 200, ""));
  };
  // A busy machine leaves out the probes that it ran over: the longer the period, the fewer.
  std::vector<ProbeResult> results;
  for (const Duration period : {milliseconds(10), milliseconds(100), milliseconds(1000)}) {
    asked = 0;
    results = probe(handler, {.period = period}, 4 * period);
    if (results.size() == 5) break;
  }
  ASSERT_EQ(results.size(), 5U);
  EXPECT_TRUE(results[1].considered_ok);
  EXPECT_FALSE(results[2].considered_ok);
  EXPECT_TRUE(results[3].considered_ok);
}

}  // namespace
}  // namespace tocsin::run
