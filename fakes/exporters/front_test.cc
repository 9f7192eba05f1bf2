#include "fakes/service/front.h"

#include <map>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/http/client.h"
#include "harness/net/loop.h"
#include "harness/net/task_group.h"
#include "harness/scenario/load.h"

/// How the mocks of known kinds answer on sockets: what the real ones' HTTP servers do.

namespace tocsin::fakes {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class KindsFrontTest : public ::testing::Test {
 protected:
  KindsFrontTest() {
    Diagnostics diagnostics;
    system_ =
        scenario::load_system(TOCSIN_SOURCE_DIR "/fakes/exporters/testdata/kinds", diagnostics);
    EXPECT_TRUE(system_) << diagnostics.render();
  }

  struct Call {
    std::string method = "GET";
    std::string path = "/metrics";
    std::string accept = {};
    std::string accept_encoding = {};
  };

  /// The answer of one exporter to one request, at the run's start.
  http::Response call(const std::string& name, const Call& wanted,
                      const faults::FaultTimeline& faults = {}) {
    net::Loop loop;
    TargetModel model(*system_->target(name), faults, {.noise = scenario::Noise::kNone});
    FrontOptions options;
    options.offset = [] { return Duration(0); };
    // What takes seconds takes milliseconds.
    options.time_scale = 1000;
    auto front = TargetFront::open(loop, model, faults, std::move(options));
    EXPECT_TRUE(front.has_value());
    http::Response answer;
    loop.run(talk(loop, **front, wanted, answer));
    return answer;
  }

  static net::Task<void> talk(net::Loop& loop, TargetFront& front, const Call& wanted,
                              http::Response& answer) {
    net::TaskGroup group(loop);
    group.spawn(front.serve());
    auto url = http::parse_url(front.url() + wanted.path);
    http::FetchOptions options;
    options.method = wanted.method;
    if (!wanted.accept.empty()) options.headers.add("Accept", wanted.accept);
    if (!wanted.accept_encoding.empty())
      options.headers.add("Accept-Encoding", wanted.accept_encoding);
    options.timeout = std::chrono::seconds(20);
    http::Url to = *url;
    auto got = co_await http::fetch(loop, std::move(to), std::move(options));
    if (got.has_value()) answer = *got;
    front.stop();
    co_await group.join();
  }

  std::shared_ptr<const scenario::System> system_;
};

TEST_F(KindsFrontTest, GoExportersSpeakTheTextFormatOnly) {
  const auto answer = call("node", {.accept = "application/openmetrics-text; version=1.0.0"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer.body, Not(HasSubstr("# EOF")));
  EXPECT_THAT(answer.body, HasSubstr("# TYPE node_vmstat_oom_kill untyped\n"));
  EXPECT_EQ(call("node", {.accept_encoding = "gzip"}).headers.get("Content-Encoding"), "gzip");
}

TEST_F(KindsFrontTest, GoExportersAnswerWhateverIsAsked) {
  EXPECT_THAT(call("redis", {.method = "POST"}).body, HasSubstr("redis_up 1\n"));
  const auto page = call("postgres", {.path = "/nope"});
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("<html>"));
  EXPECT_THAT(page.body, HasSubstr("href=\"/metrics\""));
  const auto moved = call("redis", {.path = "/x/..//metrics?a=b"});
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.headers.get("Location"), "/metrics?a=b");
  EXPECT_EQ(call("postgres", {.accept_encoding = "GZIP"}).headers.get("Content-Encoding"), "");
}

TEST_F(KindsFrontTest, NodeShowsTheCollectorsThatAreAskedFor) {
  const auto page = call("node", {.path = "/metrics?collect[]=loadavg"}).body;
  EXPECT_THAT(page, HasSubstr("\nnode_load1 "));
  EXPECT_THAT(page, HasSubstr("node_scrape_collector_success{collector=\"loadavg\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("collector=\"cpu\"")));
  EXPECT_THAT(page, Not(HasSubstr("node_cpu_")));
  EXPECT_THAT(page, HasSubstr("\nnode_exporter_build_info{"));
  const auto refused = call("node", {.path = "/metrics?collect[]=laodavg"});
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, EndsWith("missing collector: laodavg"));
}

TEST_F(KindsFrontTest, RedisScrapesATarget) {
  EXPECT_EQ(call("redis", {.path = "/health"}).body, "ok");
  EXPECT_EQ(call("redis", {.path = "/scrape"}).status, 400);
  const auto page = call("redis", {.path = "/scrape?target=redis://cache:6379"}).body;
  EXPECT_THAT(page, HasSubstr("\nredis_up 1\n"));
  EXPECT_THAT(page, HasSubstr("\nredis_exporter_scrapes_total 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("go_goroutines")));
}

TEST_F(KindsFrontTest, CeleryAnswersInPythonsOpenMetrics) {
  const Call openmetrics{.accept = "application/openmetrics-text; version=1.0.0",
                         .accept_encoding = "gzip"};
  const auto answer = call("celery", openmetrics);
  EXPECT_EQ(answer.headers.get("Content-Type"),
            "application/openmetrics-text; version=0.0.1; charset=utf-8");
  EXPECT_EQ(answer.headers.get("Content-Encoding"), "");
  EXPECT_THAT(answer.body, EndsWith("# EOF\n"));
  EXPECT_THAT(answer.body, HasSubstr("# TYPE celery_task_sent counter\n"));
  EXPECT_THAT(answer.body, HasSubstr("\ncelery_task_sent_created{"));
  EXPECT_THAT(answer.body, Not(HasSubstr("# TYPE celery_task_sent_created")));
  const auto text = call("celery", {});
  EXPECT_THAT(text.body, HasSubstr("# TYPE celery_task_sent_created gauge\n"));
  EXPECT_EQ(call("celery", {.path = "/nope"}).status, 404);
  EXPECT_EQ(call("celery", {.method = "POST"}).status, 405);
}

TEST_F(KindsFrontTest, AStoppedBrokerFailsTheScrape) {
  faults::Fault fault;
  fault.name = "broker";
  fault.target = "celery";
  fault.length = std::chrono::minutes(5);
  faults::SignalChange change;
  change.signal = "broker.up";
  fault.changes.push_back(change);
  const faults::FaultTimeline faults({fault});
  const auto answer = call("celery", {}, faults);
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, HasSubstr("Connection refused."));
  EXPECT_EQ(call("celery", {.path = "/health"}, faults).status, 500);
  EXPECT_EQ(call("celery", {.path = "/health"}).status, 200);
}

}  // namespace
}  // namespace tocsin::fakes
