#include "fakes/receivers/receiver_server.h"

#include <atomic>

#include <gmock/gmock.h>

#include "harness/http/client.h"
#include "harness/http/url.h"
#include "harness/net/connect.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"

namespace tocsin::receivers {
namespace {

using net::NetFailure;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kEvent =
    R"({"routing_key":"R0UT","dedup_key":"k","event_action":"trigger",)"
    R"("payload":{"summary":"[FIRING:1] A","source":"s","severity":"error"}})";

IntegrationSetup with(IntegrationId id, std::vector<Trouble> troubles) {
  IntegrationSetup setup;
  setup.id = std::move(id);
  setup.troubles = std::move(troubles);
  return setup;
}

Trouble trouble(TroubleKind kind, std::size_t first = 0) {
  Trouble made;
  made.kind = kind;
  made.first = first;
  return made;
}

Trouble answer(int status, std::size_t first = 0) {
  Trouble made = trouble(TroubleKind::kAnswer, first);
  made.status = status;
  return made;
}

/// A server on its thread, at an offset that the test moves; requests from the test's thread.
class Receivers : public ::testing::Test {
 protected:
  void open(std::vector<IntegrationSetup> integrations, Limits limits = {}) {
    ReceiverOptions options;
    options.integrations = std::move(integrations);
    options.limits = limits;
    options.offset = [this] { return Duration(offset_.load()); };
    options.time_scale = 1000;
    auto opened = ReceiverServer::open(std::move(options));
    ASSERT_TRUE(opened.has_value()) << to_string(opened.error());
    server_ = std::move(*opened);
  }

  net::Outcome<http::Response> send(const std::string& url, const std::string& body,
                                    http::Headers headers = {}, Nanos timeout = seconds(10)) {
    http::FetchOptions options;
    options.method = "POST";
    options.body = body;
    options.headers = std::move(headers);
    options.timeout = timeout;
    return loop_.run(http::fetch(loop_, http::parse_url(url).value(), std::move(options)));
  }

  std::string url(const char* kind, const char* receiver = "r") {
    return server_->url_of(receiver, kind);
  }

  std::atomic<Duration::rep> offset_ = 0;
  net::Loop loop_;
  std::unique_ptr<ReceiverServer> server_;
};

TEST_F(Receivers, TakeWhatComesAndMaskIt) {
  open({});
  const http::Headers headers = {{"Authorization", "Bearer abc"}, {"User-Agent", "test"}};
  const Timestamp before = system_clock().now();
  const auto sent =
      send(server_->url_of("on call/1", "pagerduty", 2) + "/v2/enqueue?token=abc", kEvent, headers);
  EXPECT_EQ(sent.value().status, 202);
  const std::vector<Received> all = server_->received();
  ASSERT_EQ(all.size(), 1U);
  const Received& one = all[0];
  EXPECT_EQ(one.number, 1U);
  EXPECT_EQ(one.record.receiver, "on call/1");
  EXPECT_EQ(one.record.integration, "pagerduty");
  EXPECT_EQ(one.record.integration_index, 2U);
  EXPECT_GE(one.record.at, before);
  EXPECT_TRUE(one.record.firing);
  EXPECT_TRUE(one.record.delivered);
  EXPECT_EQ(one.record.status, 202);
  EXPECT_EQ(one.record.attempt, 1);
  EXPECT_EQ(one.record.title, "[FIRING:1] A");
  EXPECT_EQ(one.identity, "k");
  EXPECT_EQ(one.details.at("severity"), "error");
  EXPECT_EQ(one.target, "/on%20call%2F1/2/pagerduty/v2/enqueue?token=<secret>");
  EXPECT_THAT(one.body, HasSubstr(R"("routing_key":"<secret>")"));
  EXPECT_THAT(one.body, Not(HasSubstr("R0UT")));
  EXPECT_THAT(one.headers, testing::Contains(std::pair<std::string, std::string>(
                               "Authorization", "Bearer <secret>")));
  EXPECT_THAT(one.answer, HasSubstr("Event processed"));
  EXPECT_EQ(server_->take().size(), 1U);
  EXPECT_TRUE(server_->received().empty());
  EXPECT_EQ(server_->counters().received, 1U);
}

TEST_F(Receivers, AnswersAsScriptedAndCountsAttempts) {
  Trouble late = answer(429, 3);
  late.retry_after = seconds(90'000);
  open({with({"r", "pagerduty", 0}, {answer(503, 2), late})});
  for (const int status : {503, 503, 429}) {
    const auto sent = send(url("pagerduty"), kEvent);
    EXPECT_EQ(sent.value().status, status);
    EXPECT_EQ(sent.value().headers.get("Retry-After"), status == 429 ? "90" : "");
  }
  const auto other = send(url("pagerduty", "other"), kEvent);
  EXPECT_EQ(other.value().status, 202);
  std::vector<int> attempts;
  for (const Received& one : server_->received()) attempts.push_back(one.record.attempt);
  EXPECT_THAT(attempts, ElementsAre(1, 2, 3, 1));
  const Received first = server_->received()[0];
  EXPECT_FALSE(first.record.delivered);
  EXPECT_EQ(first.record.error, "503 Service Unavailable");
  EXPECT_EQ(first.scripted, "answer 503");
  EXPECT_EQ(first.record.title, "[FIRING:1] A") << "it is read all the same";
}

TEST_F(Receivers, DropsAndGarbage) {
  open({with({"r", "webhook", 0},
             {trouble(TroubleKind::kDrop, 1), trouble(TroubleKind::kMalformed, 1)}),
        with({"r", "slack", 0}, {trouble(TroubleKind::kNotOk, 1)})});
  const auto dropped = send(url("webhook"), "{}");
  EXPECT_EQ(dropped.error().kind, NetFailure::kReset);
  const auto garbage = send(url("webhook"), "{}");
  EXPECT_EQ(garbage.error().kind, NetFailure::kProtocol);
  const auto good = send(url("webhook"), "{}");
  EXPECT_EQ(good.value().status, 200);
  const auto not_ok = send(url("slack"), R"({"text":"x"})");
  EXPECT_EQ(not_ok.value().status, 200);
  EXPECT_THAT(not_ok.value().body, HasSubstr(R"("ok":false)"));
  const auto ok = send(url("slack"), R"({"text":"x"})");
  EXPECT_EQ(ok.value().body, "ok");
  const std::vector<Received> all = server_->received();
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].record.status, 0);
  EXPECT_EQ(all[0].record.error, "connection dropped without an answer");
  EXPECT_EQ(all[1].record.attempt, 2);
  EXPECT_EQ(all[2].record.attempt, 3);
  EXPECT_TRUE(all[2].record.delivered);
  EXPECT_FALSE(all[3].record.delivered);
  EXPECT_EQ(all[4].record.attempt, 2);
}

TEST_F(Receivers, SlowAndHanging) {
  Trouble slow = trouble(TroubleKind::kSlow, 1);
  slow.delay = seconds(30);  // of scenario time: 30 ms
  Trouble slower = trouble(TroubleKind::kSlow, 1);
  slower.delay = seconds(200);
  open({with({"r", "webhook", 0}, {slow, slower, trouble(TroubleKind::kHang)})});
  const Nanos begun = loop_.now();
  const auto late = send(url("webhook"), "{}");
  EXPECT_TRUE(late.has_value());
  EXPECT_GE(loop_.now() - begun, milliseconds(30));
  const auto given_up = send(url("webhook"), "{}", {}, milliseconds(20));
  EXPECT_EQ(given_up.error().kind, NetFailure::kTimeout);
  const auto hung = send(url("webhook"), "{}", {}, milliseconds(20));
  EXPECT_EQ(hung.error().kind, NetFailure::kTimeout);
  while (server_->received()[1].record.delivered) std::this_thread::yield();
  const std::vector<Received> all = server_->received();
  EXPECT_TRUE(all[0].record.delivered);
  EXPECT_EQ(all[1].record.error, "the sender had gone before the answer");
  EXPECT_EQ(all[2].record.error, "no answer");
}

TEST_F(Receivers, DoorsRefuseThrowOutAndOpenAgain) {
  Trouble refuse = trouble(TroubleKind::kRefuse);
  refuse.from = milliseconds(60);
  refuse.to = milliseconds(120);
  Trouble thrown = trouble(TroubleKind::kDropAtAccept);
  thrown.from = milliseconds(120);
  thrown.to = milliseconds(180);
  ReceiverOptions options;
  options.integrations = {with({"r", "webhook", 0}, {refuse, thrown})};
  server_ = ReceiverServer::open(std::move(options)).value();
  const auto port = [](const std::string& text) { return http::parse_url(text).value().port; };
  EXPECT_NE(port(url("webhook")), port(url("slack")));
  std::vector<std::string> seen;
  const auto look = [&] {
    const auto sent = send(url("webhook"), "{}");
    std::string now = sent.has_value() ? "ok" : std::string(to_string(sent.error().kind));
    if (seen.empty() || seen.back() != now) seen.push_back(std::move(now));
  };
  const Nanos begun = loop_.now();
  while (loop_.now() - begun < milliseconds(250)) look();
  // A connection that was on its way when the listener closed is reset.
  std::erase(seen, "connection reset");
  EXPECT_EQ(seen.front(), "ok");
  EXPECT_EQ(seen.back(), "ok");
  EXPECT_THAT(seen, testing::Contains("connection refused"));
  const std::vector<Received> all = server_->received();
  EXPECT_THAT(all, testing::Contains(testing::Field(&Received::scripted, "drop at accept")));
  EXPECT_TRUE(send(url("slack"), R"({"text":"x"})").has_value());
}

TEST_F(Receivers, StraysAndWrongMethods) {
  open({});
  std::string base = url("webhook");
  base.resize(base.find("/r/"));
  EXPECT_EQ(send(base + "/nobody/secret123", "{}").value().status, 404);
  EXPECT_EQ(server_->counters().strays, 1U);
  EXPECT_EQ(server_->received()[0].target, "/nobody/<secret>");
  http::FetchOptions get;
  const auto wrong = loop_.run(http::fetch(loop_, http::parse_url(url("slack")).value(), get));
  EXPECT_EQ(wrong.value().status, 405);
  EXPECT_EQ(server_->counters().received, 1U);
}

TEST_F(Receivers, WhatIsKeptIsBounded) {
  Limits limits;
  limits.body_bytes = 10'000;
  limits.kept_bytes = 100;
  limits.received = 3;
  open({}, limits);
  const std::string big = R"({"text":")" + std::string(5000, 'x') + R"("})";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(send(url("webhook"), big).value().status, 200);
  EXPECT_EQ(send(url("webhook"), std::string(10'001, ' ')).value().status, 413);
  const std::vector<Received> all = server_->received();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].body.size(), 100U);
  EXPECT_EQ(all[0].body_bytes, big.size());
  EXPECT_EQ(all[0].record.text.size(), 100U);
  EXPECT_EQ(server_->counters().received, 5U);
  EXPECT_EQ(server_->counters().lost, 2U);
}

TEST_F(Receivers, TenThousandHeaderLines) {
  open({});
  http::Headers headers;
  for (int i = 0; i < 10'000; ++i) headers.add("a", "b");
  EXPECT_EQ(send(url("webhook"), "{}", headers).value().status, 431);
  EXPECT_EQ(send(url("webhook"), "{}").value().status, 200);
}

TEST_F(Receivers, SlowAndHalfOpenSendersAreLeft) {
  Limits limits;
  limits.request = milliseconds(30);
  limits.silence = milliseconds(60);
  limits.connections = 3;
  open({}, limits);
  const http::Url where = http::parse_url(url("webhook")).value();
  const std::string starts[] = {
      "", "POST /r/0/webhook HTTP/1.1\r\nHost: h\r\n",
      "POST /r/0/webhook HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{"};
  std::vector<net::StreamPtr> held;
  for (const std::string& start : starts) {
    const Nanos deadline = net::deadline_in(seconds(10));
    auto opened = loop_.run(net::connect(loop_, where.host, where.port, deadline, nullptr));
    held.push_back(std::move(opened).value());
    (void)loop_.run(held.back()->write_all(start, deadline));
  }
  // All places are taken, until the server has had enough of them.
  net::Outcome<http::Response> sent = send(url("webhook"), "{}");
  EXPECT_EQ(sent.value().status, 503);
  while (sent.value().status == 503) sent = send(url("webhook"), "{}");
  EXPECT_EQ(sent.value().status, 200);
  EXPECT_EQ(server_->received().size(), 1U);
}

TEST_F(Receivers, BadOptionsAreRefused) {
  ReceiverOptions options;
  options.integrations = {with({"r", "fax", 0}, {})};
  const auto fax = ReceiverServer::open(std::move(options));
  EXPECT_EQ(fax.error().message, "no receiver of kind \"fax\" is known");
  ReceiverOptions nonsense;
  nonsense.integrations = {with({"r", "webhook", 0}, {answer(99)})};
  const auto refused = ReceiverServer::open(std::move(nonsense));
  EXPECT_THAT(refused.error().message, HasSubstr("a status is from 200 to 599"));
}

TEST_F(Receivers, APortTaken) {
  open({});
  ReceiverOptions options;
  options.http_port = http::parse_url(url("webhook")).value().port;
  const auto second = ReceiverServer::open(std::move(options));
  ASSERT_TRUE(second.has_error());
  EXPECT_THAT(second.error().message, HasSubstr("cannot listen on 127.0.0.1:"));
}

TEST_F(Receivers, WaitsForSoMany) {
  open({});
  EXPECT_FALSE(server_->wait_for(1, milliseconds(1)));
  EXPECT_TRUE(send(url("webhook"), "{}").has_value());
  EXPECT_TRUE(server_->wait_for(1, seconds(10)));
}

TEST_F(Receivers, StopsWhileAnswersAreDue) {
  Trouble slow = trouble(TroubleKind::kSlow);
  slow.delay = hours(10);  // 36 s
  open({with({"r", "webhook", 0}, {slow})});
  EXPECT_FALSE(send(url("webhook"), "{}", {}, milliseconds(20)).has_value());
  server_->stop();
  server_->stop();
  EXPECT_EQ(server_->received().at(0).record.error, "stopped before the answer");
}

TEST(ReceiverServer, OnSomebodysLoop) {
  net::Loop loop;
  auto server = ReceiverServer::open(loop, {}).value();
  const auto main = [&]() -> net::Task<void> {
    net::TaskGroup group(loop);
    group.spawn(server->serve());
    http::FetchOptions post;
    post.method = "POST";
    post.body = "{}";
    http::Url url = http::parse_url(server->url_of("r", "webhook")).value();
    const auto sent = co_await http::fetch(loop, std::move(url), post);
    EXPECT_EQ(sent.value().status, 200);
    server->stop();
    co_await group.join();
  };
  loop.run(main());
  EXPECT_EQ(server->received().size(), 1U);
}

}  // namespace
}  // namespace tocsin::receivers
