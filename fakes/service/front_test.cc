#include "fakes/service/front.h"

#include <gtest/gtest.h>

#include "fakes/service/control.h"
#include "fakes/service/test_target.h"
#include "harness/http/client.h"
#include "harness/metrics/exposition.h"
#include "harness/metrics/gzip.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"

namespace tocsin::fakes {
namespace {

using faults::FaultTimeline;
using faults::TargetFaultKind;
using net::NetFailure;
using net::Task;
using std::chrono::hours;
using std::chrono::milliseconds;

scenario::Target quick_service() {
  scenario::Target target = small_service();
  target.endpoints[0].latency = {{{0.5, 0.004}, {0.99, 0.008}}};
  target.endpoints[1].latency = {{{0.5, 0.002}}};
  scenario::HealthEndpoint health;
  health.path = "/health";
  health.codes = {{scenario::HealthState::kHealthy, 200}};
  health.latency = milliseconds(1);
  target.health.push_back(std::move(health));
  return target;
}

http::FetchOptions get() {
  return {};  // made outside of the expressions that await: GCC 12
}

/// A front on loopback, at an offset that the test moves.
class Front : public ::testing::Test {
 protected:
  template <class Script>
  void run(const FaultTimeline& faults, Script script) {
    TargetModel model(target_, faults, {.seed = 1});
    FrontOptions options;
    options.offset = [this] { return offset_; };
    auto front = TargetFront::open(loop_, model, faults, options).value();
    const auto main = [&]() -> Task<void> {
      net::TaskGroup group(loop_);
      group.spawn(front->serve());
      co_await script(*front);
      front->stop();
      co_await group.join();
    };
    loop_.run(main());
  }

  Task<net::Outcome<http::Response>> fetch(const TargetFront& front, std::string path,
                                           http::FetchOptions options) {
    http::Url url = http::parse_url(front.url() + path).value();
    return http::fetch(loop_, std::move(url), std::move(options));
  }

  scenario::Target target_ = quick_service();
  net::Loop loop_;
  Duration offset_ = milliseconds(1000);
};

TEST_F(Front, ServesEndpointsHealthAndMetrics) {
  const FaultTimeline none;
  run(none, [&](TargetFront& front) -> Task<void> {
    const Nanos begun = loop_.now();
    const auto list = co_await fetch(front, "/list", get());
    EXPECT_GE(loop_.now() - begun, milliseconds(2));
    EXPECT_EQ(list.value().headers.get("Content-Type"), "application/json");
    http::FetchOptions post;
    post.method = "POST";
    post.body = "{}";
    for (int i = 0; i < 20; ++i) {
      const auto chat = co_await fetch(front, "/chat", post);
      EXPECT_TRUE(chat.has_value());
    }
    const auto health = co_await fetch(front, "/health", get());
    EXPECT_EQ(health.value().status, 200);
    const auto wrong = co_await fetch(front, "/chat", get());
    EXPECT_EQ(wrong.value().status, 405);
    const auto missing = co_await fetch(front, "/nothing", get());
    EXPECT_EQ(missing.value().status, 404);

    const auto page = co_await fetch(front, "/metrics", get());
    EXPECT_EQ(page.value().headers.get("Content-Type"),
              metrics::content_type(metrics::ExpositionFormat::kText));
    const auto families =
        metrics::parse_families(page.value().body, metrics::ExpositionFormat::kText);
    EXPECT_TRUE(families.has_value());
    double requests = 0;
    for (const auto& sample : families.value()[0].samples) requests += sample.value;
    EXPECT_EQ(requests, 21);
  });
}

TEST_F(Front, SpeaksOpenMetricsAndGzip) {
  const FaultTimeline none;
  run(none, [&](TargetFront& front) -> Task<void> {
    http::FetchOptions options;
    options.headers.set("Accept", "application/openmetrics-text;version=1.0.0");
    options.headers.set("Accept-Encoding", "gzip");
    const auto page = co_await fetch(front, "/metrics", options);
    EXPECT_EQ(page.value().headers.get("Content-Encoding"), "gzip");
    const auto text = metrics::gzip_decompress(page.value().body, 1 << 20);
    EXPECT_TRUE(text.value().ends_with("# EOF\n"));
    EXPECT_TRUE(
        metrics::parse_families(text.value(), metrics::ExpositionFormat::kOpenMetrics).has_value());
  });
}

TEST_F(Front, ADownTargetRefusesAndComesBackOnItsPort) {
  const FaultTimeline faults({target_fault(TargetFaultKind::kDown, hours(1), hours(1))});
  const FaultTimeline none;
  run(faults, [&](TargetFront& front) -> Task<void> {
    const auto up = co_await fetch(front, "/list", get());
    EXPECT_TRUE(up.has_value());
    const std::uint16_t port = front.port();
    offset_ = hours(1);
    front.set_faults(faults);  // wakes it: the test's clock has jumped
    auto down = co_await fetch(front, "/list", get());
    // A connection that was on its way when the listener closed is reset; then all are refused.
    while (down.has_value() || down.error().kind == NetFailure::kReset) {
      down = co_await fetch(front, "/list", get());
    }
    EXPECT_EQ(down.error().kind, NetFailure::kRefused);
    offset_ = hours(1) + milliseconds(5);
    front.set_faults(none);
    auto back = co_await fetch(front, "/metrics", get());
    while (!back.has_value()) back = co_await fetch(front, "/metrics", get());
    EXPECT_EQ(front.port(), port);
    EXPECT_EQ(back.value().body.find("status=\"200\""), std::string::npos) << "it has restarted";
  });
}

/// Falls to zero and comes back within ten minutes.
scenario::AdminEndpoint cache_reset() {
  scenario::AdminEndpoint admin;
  admin.path = "/admin/cache/reset";
  admin.code = 202;
  admin.length = std::chrono::minutes(10);
  faults::SignalChange change;
  change.signal = "cache.hit_rate";
  change.kind = faults::SignalChange::Kind::kFactor;
  change.from = 0;
  change.value = 1;
  admin.changes.push_back(change);
  scenario::HealthField was;
  was.kind = scenario::HealthField::Kind::kNumber;
  was.key = "was";
  was.number = formula("cache.hit_rate");
  admin.body.push_back(std::move(was));
  return admin;
}

TEST_F(Front, AnAdminCallHasItsEffectAndFaultsStay) {
  using std::chrono::minutes;
  target_.signals.push_back(signal("cache.hit_rate", "0.8"));
  target_.instruments.push_back(
      instrument("cache_hit_ratio", MetricType::kGauge,
                 {bound(scenario::InstrumentSeries::Binding::kValue, "cache.hit_rate")}));
  target_.admin.push_back(cache_reset());
  const FaultTimeline faults({change("cache.hit_rate", 0.5, minutes(15), minutes(60))});
  const FaultTimeline none;
  TargetModel model(target_, faults, {.seed = 1});
  FrontOptions options;
  options.offset = [this] { return offset_; };
  auto front = TargetFront::open(loop_, model, faults, options).value();
  const auto main = [&]() -> Task<void> {
    net::TaskGroup group(loop_);
    group.spawn(front->serve());
    http::FetchOptions post;
    post.method = "POST";
    offset_ = minutes(10);
    const auto called = co_await fetch(*front, "/admin/cache/reset", post);
    EXPECT_EQ(called.value().status, 202);
    EXPECT_EQ(called.value().body, R"({"was":0.8})");
    EXPECT_DOUBLE_EQ(model.signal("cache.hit_rate", minutes(10)), 0);
    EXPECT_DOUBLE_EQ(model.signal("cache.hit_rate", minutes(12)), 0.8 * 0.2);
    EXPECT_DOUBLE_EQ(model.signal("cache.hit_rate", minutes(15)), 0.5 * 0.5);
    // The call again: its effect begins anew.
    offset_ = minutes(18);
    const auto again = co_await fetch(*front, "/admin/cache/reset", post);
    EXPECT_EQ(again.value().body, R"({"was":0.4})");
    EXPECT_DOUBLE_EQ(model.signal("cache.hit_rate", minutes(23)), 0.5 * 0.5);
    // Other faults leave it running.
    front->set_faults(none);
    EXPECT_DOUBLE_EQ(model.signal("cache.hit_rate", minutes(23)), 0.8 * 0.5);
    EXPECT_DOUBLE_EQ(model.signal("cache.hit_rate", minutes(28)), 0.8);
    const auto wrong = co_await fetch(*front, "/admin/cache/reset", get());
    EXPECT_EQ(wrong.value().status, 405);
    front->stop();
    co_await group.join();
  };
  loop_.run(main());
}

TEST_F(Front, AHangingTargetNeverAnswers) {
  const FaultTimeline faults({target_fault(TargetFaultKind::kHang, Duration(0), hours(1))});
  run(faults, [&](TargetFront& front) -> Task<void> {
    http::FetchOptions options;
    options.timeout = milliseconds(50);
    const auto hung = co_await fetch(front, "/list", options);
    EXPECT_EQ(hung.error().kind, NetFailure::kTimeout);
  });
}

TEST_F(Front, ScrapesMayBeSlowOrNoExposition) {
  faults::Fault slow = target_fault(TargetFaultKind::kSlowScrape, Duration(0), hours(1));
  slow.target_faults[0].delay = milliseconds(30);
  const FaultTimeline slowed({slow});
  const FaultTimeline malformed(
      {target_fault(TargetFaultKind::kMalformedScrape, Duration(0), hours(1))});
  run(slowed, [&](TargetFront& front) -> Task<void> {
    const Nanos begun = loop_.now();
    const auto late = co_await fetch(front, "/metrics", get());
    EXPECT_GE(loop_.now() - begun, milliseconds(30));
    EXPECT_TRUE(late.has_value());
    front.set_faults(malformed);
    const auto page = co_await fetch(front, "/metrics", get());
    EXPECT_FALSE(
        metrics::parse_families(page.value().body, metrics::ExpositionFormat::kText).has_value());
  });
}

TEST_F(Front, ARequestThatIsGivenUpIsInFlightNoMore) {
  target_.endpoints[1].latency = {{{0.5, 5.0}}};
  const FaultTimeline none;
  TargetModel model(target_, none, {.seed = 1});
  FrontOptions options;
  options.offset = [this] { return offset_; };
  auto front = TargetFront::open(loop_, model, none, options).value();
  const auto main = [&]() -> Task<void> {
    net::TaskGroup group(loop_);
    group.spawn(front->serve());
    http::FetchOptions impatient;
    impatient.timeout = milliseconds(50);
    const auto given_up = co_await fetch(*front, "/list", impatient);
    EXPECT_FALSE(given_up.has_value());
    front->stop();
    co_await group.join();
  };
  loop_.run(main());
  EXPECT_EQ(model.signal("in_flight", offset_), 0);
  model.read(offset_);
  EXPECT_EQ(sum(model, "requests_total"), 0);
}

TEST_F(Front, ControlIsServedToo) {
  scenario::System system;
  system.service = target_;
  FaultControl control(
      system, {}, [this] { return offset_; }, [](auto) {});
  const auto front = ControlFront::open(loop_, control, "127.0.0.1", 0).value();
  const auto main = [&]() -> Task<void> {
    net::TaskGroup group(loop_);
    group.spawn(front->serve());
    http::Url url = http::parse_url(front->url() + "/tocsin").value();
    const auto help = co_await http::fetch(loop_, std::move(url), get());
    EXPECT_EQ(help.value().status, 200);
    group.cancel_all();
    co_await group.join();
  };
  loop_.run(main());
}

}  // namespace
}  // namespace tocsin::fakes
