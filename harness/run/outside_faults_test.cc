// Faults that are made by commands and calls: what is done when, and that it is undone whatever
// happens. On the real clock, since processes have no other.

#include "harness/run/outside_faults.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/scratch_folder.h"
#include "harness/http/server.h"
#include "harness/net/timer.h"
#include "harness/run/stack.h"
#include "harness/run/test_drill.h"

namespace tocsin::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Plays the faults of a scenario of a few hundred milliseconds, in a folder of its own.
class Outside : public testing::Test {
 protected:
  /// `faults` as in a scenario, times of the whole: 2s.
  Result<void> plan(const std::string& faults, bool external = true) {
    drill_ = small_drill("mode: live\ntraffic: {rate: 1/s, for: 2s}\nfaults:\n" + faults);
    drill_.scenario.file = folder_.path() + "/scenario.yaml";
    evidence_ = begin_evidence(drill_.scenario, *drill_.rules, RunMode::kLive, clock_.start(), 1);
    OutsideSetup setup;
    setup.target_url = target_url_;
    setup.external = external;
    TRY(outside_, OutsideFaults::plan(loop_, drill_.scenario, clock_, std::move(setup)));
    return {};
  }

  /// Until `done`, at most ten seconds; then finish().
  template <class Done>
  void play_until(Done done) {
    const auto main = [&]() -> net::Task<void> {
      clock_.begin_at(system_clock().now());
      outside_->begin(evidence_);
      const Nanos most = net::deadline_in(seconds(10));
      while (!done() && loop_.now() < most) co_await net::sleep_for(milliseconds(2));
      EXPECT_TRUE(done());
      co_await outside_->finish();
    };
    loop_.run(main());
  }

  std::string file(const std::string& name) const {
    const auto text = read_file(folder_.path() + "/" + name);
    return text.has_value() ? *text : "";
  }
  bool has(const std::string& name, const std::string& text) const {
    return file(name).find(text) != std::string::npos;
  }
  pid_t pid_in(const std::string& name) const { return std::atoi(file(name).c_str()); }
  static bool is_alive(pid_t pid) {
    const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    return stat.has_value() && stat->find(") Z ") == std::string::npos;
  }
  static bool ends_soon(pid_t pid) {
    for (int i = 0; i < 5000 && is_alive(pid); ++i) std::this_thread::sleep_for(milliseconds(1));
    return !is_alive(pid);
  }
  /// Of the first event of that kind.
  std::string told_of(EventKind kind) const {
    for (const Event& event : evidence_.events) {
      if (event.kind == kind) return event.description;
    }
    return "";
  }

  ScratchFolder folder_;
  net::Loop loop_;
  LiveClock clock_{system_clock(), 1};
  Drill drill_;
  Evidence evidence_;
  std::string target_url_ = "http://127.0.0.1:9";
  std::unique_ptr<OutsideFaults> outside_;
};

// --- commands ---

TEST_F(Outside, CommandsBeginAndEndAFault) {
  ASSERT_TRUE(plan(R"(
  - name: break
    at: 20ms
    for: 50ms
    repeat: {every: 100ms, times: 2}
    run:
      start: echo "start $TOCSIN_FAULT $TOCSIN_TARGET" >> log; echo all; echo well >&2
      stop: echo stop >> log
)"));
  play_until([&] { return std::ranges::count(file("log"), '\n') == 4; });
  const std::string start = "start break http://127.0.0.1:9\n";
  EXPECT_EQ(file("log"), start + "stop\n" + start + "stop\n");
  EXPECT_EQ(outside_->trouble(), "");
  EXPECT_THAT(evidence_.run.warnings, IsEmpty());
  EXPECT_THAT(told_of(EventKind::kFaultStart),
              AllOf(HasSubstr("run \"echo \"start"), HasSubstr("→ exit code 0 after "),
                    HasSubstr(": all | well")));
  EXPECT_THAT(told_of(EventKind::kFaultEnd), HasSubstr("→ exit code 0 after "));
}

TEST_F(Outside, TheRunsEndUndoesWhatIsInForceTheLastFirst) {
  ASSERT_TRUE(plan(R"(
  - {at: 10ms, for: 1s, run: {start: echo a >> log, stop: echo undo a >> log}}
  - {at: 200ms, for: 1s, run: {start: echo b >> log, stop: echo undo b >> log}}
  - {at: 1900ms, for: 1s, run: {start: echo c >> log, stop: echo undo c >> log}}
)"));
  play_until([&] { return has("log", "b\n"); });
  EXPECT_EQ(file("log"), "a\nb\nundo b\nundo a\n");
  EXPECT_EQ(outside_->trouble(), "");
}

TEST_F(Outside, ACommandThatFailsIsToldInItsOwnWordsAndUndone) {
  ASSERT_TRUE(plan(R"(
  - {name: db, at: 10ms, for: 1s, run: {start: echo no such unit >&2; exit 5, stop: echo undo >> log}}
)"));
  play_until([&] { return !outside_->trouble().empty(); });
  EXPECT_THAT(
      outside_->trouble(),
      AllOf(HasSubstr("the fault \"db\" could not be made: \"echo no such unit >&2; exit 5\": "
                      "exit code 5 after "),
            HasSubstr(": no such unit")));
  EXPECT_EQ(file("log"), "undo\n");
}

TEST_F(Outside, ACommandThatHangsIsKilledWithAllItStartedAndUndone) {
  ASSERT_TRUE(plan(R"(
  - at: 10ms
    for: 1s
    run:
      start: echo waiting; sleep 1000 & echo $! > child; trap "" TERM; wait; wait
      stop: echo undo >> log
      timeout: 100ms
)"));
  play_until([&] { return !outside_->trouble().empty(); });
  EXPECT_THAT(outside_->trouble(), HasSubstr("had not ended after 100ms and was killed: waiting"));
  EXPECT_EQ(file("log"), "undo\n");
  EXPECT_TRUE(ends_soon(pid_in("child")));
}

TEST_F(Outside, AnInterruptGivesUpABeginningAndUndoesIt) {
  ASSERT_TRUE(plan(R"(
  - {at: 0s, for: 1s, run: {start: echo $$ > shell; exec sleep 1000, stop: echo undo >> log}}
)"));
  const Nanos began = loop_.now();
  play_until([&] { return has("shell", "\n"); });
  EXPECT_LT(loop_.now() - began, seconds(5));
  EXPECT_EQ(file("log"), "undo\n");
  EXPECT_TRUE(ends_soon(pid_in("shell")));
  EXPECT_EQ(outside_->trouble(), "");
}

TEST_F(Outside, WhatIsNotUndoneIsToldAndTriedAgain) {
  ASSERT_TRUE(plan(R"(
  - {name: db, at: 0s, for: 20ms, run: {start: "true", stop: "test -e tried || { > tried; echo not yet; exit 1; }"}}
)"));
  play_until([&] { return !outside_->trouble().empty(); });
  EXPECT_THAT(outside_->trouble(), HasSubstr("THE FAULT \"db\" IS NOT UNDONE: \"test -e tried"));
  EXPECT_THAT(outside_->trouble(), HasSubstr("exit code 1"));
  EXPECT_THAT(outside_->trouble(), HasSubstr("not yet"));
  EXPECT_THAT(outside_->trouble(), HasSubstr("was undone at the second attempt only"));
}

TEST_F(Outside, WhatCannotBeUndoneIsToldTwice) {
  ASSERT_TRUE(plan("  - {at: 0s, for: 20ms, run: {start: \"true\", stop: exit 3}}\n"));
  play_until([&] { return !outside_->trouble().empty(); });
  EXPECT_THAT(outside_->trouble(), HasSubstr("IS NOT UNDONE"));
  EXPECT_THAT(outside_->trouble(), HasSubstr("IS STILL NOT UNDONE"));
}

/// A start may leave something running, which ends with the fault; a stop may restore something,
/// which goes on.
TEST_F(Outside, WhatACommandStartsInTheBackground) {
  ASSERT_TRUE(plan(R"(
  - at: 0s
    for: 100ms
    run: {start: sleep 1000 & echo $! > load, stop: sleep 1000 & echo $! > service}
)"));
  bool was_alive = false;
  play_until([&] {
    if (has("load", "\n") && !has("service", "\n"))
      was_alive = was_alive || is_alive(pid_in("load"));
    return has("service", "\n");
  });
  EXPECT_TRUE(was_alive);
  EXPECT_TRUE(ends_soon(pid_in("load")));
  EXPECT_TRUE(is_alive(pid_in("service")));
  ::kill(pid_in("service"), SIGKILL);
}

TEST_F(Outside, NothingIsLeftWhenARunBreaksOff) {
  ASSERT_TRUE(plan("  - {at: 0s, for: 1s, run: {start: echo a >> log, stop: echo undo >> log}}\n"));
  const auto main = [&]() -> net::Task<void> {
    clock_.begin_at(system_clock().now());
    outside_->begin(evidence_);
    while (!has("log", "a\n")) co_await net::sleep_for(milliseconds(2));
    loop_.stop();  // cancels this; the end of a run that fails
    co_await outside_->finish();
  };
  loop_.run(main());
  outside_ = nullptr;
  EXPECT_EQ(file("log"), "a\nundo\n");
}

TEST_F(Outside, AFakeHasTheEffectItself) {
  const std::string fault =
      "  - {at: 0s, for: 100ms, service: {error_rate: 5%}, run: {start: \"true\", stop: "
      "\"true\"}}\n";
  ASSERT_TRUE(plan(fault, false));
  EXPECT_FALSE(outside_->any());
  ASSERT_TRUE(plan(fault, true));
  EXPECT_TRUE(outside_->any());
}

// --- calls ---

/// A server on a thread of its own that remembers what it is asked and answers as it is told.
class Called : public Outside {
 protected:
  Called() {
    const auto answer = [this](http::Request request) -> net::Task<http::Reply> {
      co_return answer_to(request);
    };
    server_ = http::Server::open(serving_, answer).value();
    target_url_ = server_->url();
    thread_ = std::thread([this] { serving_.run(server_->serve()); });
  }
  ~Called() override {
    serving_.stop();
    thread_.join();
  }

  virtual http::Reply answer_to(const http::Request& request) {
    const std::lock_guard lock(mutex_);
    std::string line = request.method + ' ' + request.target;
    const auto known = answers_.find(line);
    if (!request.body.empty()) line += ' ' + request.body;
    asked_.push_back(line);
    headers_ = request.headers;
    if (known != answers_.end()) return known->second;
    return http::text_response(200, "fine");
  }
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  mutable std::mutex mutex_;
  std::map<std::string, http::Reply> answers_;
  std::vector<std::string> asked_;
  http::Headers headers_;
  net::Loop serving_;
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

TEST_F(Called, CallsBeginAndEndAFault) {
  ASSERT_TRUE(plan(R"(
  - at: 10ms
    for: 30ms
    http:
      start: {method: PUT, url: "/chaos?x=1", body: '{"a": 1}', headers: {X-Key: secret, Host: other}}
      stop: {method: DELETE, url: )" +
                   target_url_ + R"(/chaos, status: 204}
)"));
  answers_["DELETE /chaos"] = http::text_response(204, "");
  play_until([&] { return asked().size() == 2; });
  EXPECT_THAT(asked(), ElementsAre("PUT /chaos?x=1 {\"a\": 1}", "DELETE /chaos"));
  EXPECT_EQ(outside_->trouble(), "");
  EXPECT_EQ(told_of(EventKind::kFaultStart), "http PUT /chaos → answered 200");
  EXPECT_EQ(told_of(EventKind::kFaultEnd), "http PUT /chaos → answered 204");
}

TEST_F(Called, HeadersGoWithACallAndNotIntoReports) {
  ASSERT_TRUE(plan(R"(
  - at: 0s
    for: 1s
    http: {start: {url: /chaos, headers: {X-Key: secret, Host: other}, body: "{}"}, stop: none}
)"));
  play_until([&] { return asked().size() == 1; });
  EXPECT_EQ(headers_.get("X-Key"), "secret");
  EXPECT_EQ(headers_.get("Host"), "other");
  EXPECT_EQ(headers_.get("Content-Type"), "application/json");
  EXPECT_EQ(told_of(EventKind::kFaultStart).find("secret"), std::string::npos);
}

TEST_F(Called, HeadersMayComeFromTheEnvironment) {
  const std::string fault =
      "  - {at: 0s, for: 1s, http: {start: {url: /chaos, headers: {X-Key: "
      "\"Bearer ${TOCSIN_TEST_KEY}!\"}}, stop: none}}\n";
  ::unsetenv("TOCSIN_TEST_KEY");
  EXPECT_THAT(plan(fault).error().message, HasSubstr("${TOCSIN_TEST_KEY}"));
  ::setenv("TOCSIN_TEST_KEY", "two\nlines", 1);
  EXPECT_THAT(plan(fault).error().message, HasSubstr("\"X-Key\" can't be sent"));
  ::setenv("TOCSIN_TEST_KEY", "secret", 1);
  ASSERT_TRUE(plan(fault));
  play_until([&] { return asked().size() == 1; });
  EXPECT_EQ(headers_.get("X-Key"), "Bearer secret!");
  ::unsetenv("TOCSIN_TEST_KEY");
}

TEST_F(Called, AnotherAnswerIsTroubleInItsOwnWords) {
  ASSERT_TRUE(plan(R"(
  - {at: 0s, for: 1s, http: {start: {url: /chaos, status: 201}, stop: {url: /calm}}}
)"));
  answers_["POST /chaos"] = http::text_response(409, "already broken\n");
  play_until([&] { return !outside_->trouble().empty(); });
  EXPECT_THAT(outside_->trouble(),
              HasSubstr("POST " + target_url_ + "/chaos: answered 409, not 201: already broken"));
  EXPECT_THAT(asked(), ElementsAre("POST /chaos", "POST /calm"));
}

TEST_F(Called, NoAnswerIsTroubleAfterItsTime) {
  ASSERT_TRUE(plan(R"(
  - {at: 0s, for: 1s, http: {start: {url: /chaos}, stop: {url: /calm}, timeout: 50ms}}
)"));
  answers_["POST /chaos"] = http::Reply::hang();
  play_until([&] { return !outside_->trouble().empty(); });
  EXPECT_THAT(outside_->trouble(), HasSubstr("/chaos: timeout"));
  EXPECT_THAT(asked(), ElementsAre("POST /chaos", "POST /calm"));
}

TEST_F(Called, AnInterruptDoesNotWaitForAnAnswer) {
  ASSERT_TRUE(plan("  - {at: 0s, for: 1s, http: {start: {url: /chaos}, stop: {url: /calm}}}\n"));
  answers_["POST /chaos"] = http::Reply::hang();
  const Nanos began = loop_.now();
  play_until([&] { return asked().size() == 1; });
  EXPECT_LT(loop_.now() - began, seconds(5));
  EXPECT_THAT(asked(), ElementsAre("POST /chaos", "POST /calm"));
  EXPECT_EQ(outside_->trouble(), "");
}

TEST_F(Called, AddressesThatCannotBeCalledAreRefusedBeforeAnythingStarts) {
  const auto refused =
      plan("  - {at: 0s, for: 1s, http: {start: {url: \"http://:x/\"}, stop: none}}\n");
  ASSERT_TRUE(refused.has_error());
  EXPECT_GT(refused.error().pos.line, 0);
  EXPECT_THAT(refused.error().context, ElementsAre("for the fault \"fault\""));
}

// --- Toxiproxy ---

/// The part of Toxiproxy's API (version 2) that is used, with its own statuses and errors.
class Toxiproxy : public Called {
 protected:
  using Json = nlohmann::json;
  Toxiproxy() {
    proxies_["redis"] = {{"name", "redis"}, {"listen", "[::]:26379"}, {"enabled", true}};
    proxies_["redis"]["toxics"] = Json::array();
    proxies_["web"] = proxies_["redis"];
  }

  static http::Reply error(int status, const std::string& why) {
    return http::text_response(status, Json({{"error", why}, {"status", status}}).dump());
  }

  http::Reply answer_to(const http::Request& request) override {
    Called::answer_to(request);
    const std::lock_guard lock(mutex_);
    const std::string top = "/proxies/redis";
    if (request.target == "/proxies") return http::text_response(200, proxies_.dump());
    if (!request.target.starts_with(top)) return error(404, "proxy not found");
    Json& proxy = proxies_["redis"];
    Json& toxics = proxy["toxics"];
    const std::string rest = request.target.substr(top.size());
    if (rest.empty() && request.method == "POST") {
      const Json wanted = Json::parse(request.body);
      if (wanted.contains("enabled")) proxy["enabled"] = wanted["enabled"];
    }
    if (rest.empty()) return http::text_response(200, proxy.dump());
    if (rest == "/toxics" && request.method == "POST") {
      const Json toxic = Json::parse(request.body);
      for (const Json& known : toxics) {
        if (known["name"] == toxic["name"]) return error(409, "toxic already exists");
      }
      toxics.push_back(toxic);
      return http::text_response(200, toxic.dump());
    }
    for (std::size_t i = 0; i < toxics.size() && request.method == "DELETE"; ++i) {
      if (rest != "/toxics/" + toxics[i]["name"].get<std::string>()) continue;
      toxics.erase(i);
      return http::text_response(204, "");
    }
    return error(404, "toxic not found");
  }

  std::string fault(const std::string& what) const {
    return "  - {at: 0s, for: 30ms, toxiproxy: {url: " + target_url_ + "/, " + what + "}}\n";
  }

  Json proxies_ = Json::object();
};

TEST_F(Toxiproxy, ToxicsComeAndGoWithTheFault) {
  ASSERT_TRUE(
      plan(fault("proxy: redis, latency: 300ms, jitter: 50ms, slice: 10B, direction: both, "
                 "share: 25%")));
  play_until([&] { return asked().size() == 9; });
  EXPECT_EQ(outside_->trouble(), "");
  const std::string top = "POST /proxies/redis/toxics ";
  EXPECT_THAT(
      asked(),
      ElementsAre(
          "GET /proxies/redis",
          top + R"({"attributes":{"jitter":50,"latency":300},"name":"tocsin_1_latency_upstream",)"
                R"("stream":"upstream","toxicity":0.25,"type":"latency"})",
          top + R"({"attributes":{"jitter":50,"latency":300},"name":"tocsin_1_latency_downstream",)"
                R"("stream":"downstream","toxicity":0.25,"type":"latency"})",
          top + R"({"attributes":{"average_size":10,"delay":0,"size_variation":0},)"
                R"("name":"tocsin_1_slicer_upstream","stream":"upstream","toxicity":0.25,)"
                R"("type":"slicer"})",
          top + R"({"attributes":{"average_size":10,"delay":0,"size_variation":0},)"
                R"("name":"tocsin_1_slicer_downstream","stream":"downstream","toxicity":0.25,)"
                R"("type":"slicer"})",
          "DELETE /proxies/redis/toxics/tocsin_1_slicer_downstream",
          "DELETE /proxies/redis/toxics/tocsin_1_slicer_upstream",
          "DELETE /proxies/redis/toxics/tocsin_1_latency_downstream",
          "DELETE /proxies/redis/toxics/tocsin_1_latency_upstream"));
}

TEST_F(Toxiproxy, EachKindIsAToxicOfItsOwn) {
  ASSERT_TRUE(
      plan(fault("proxy: redis, bandwidth: 20KB/s, timeout: 0, reset: 2s, slow_close: 1s, "
                 "cut_after: 4KB")));
  play_until([&] { return asked().size() == 6; });
  std::map<std::string, Json> attributes;
  for (const std::string& line : asked()) {
    if (!line.starts_with("POST ")) continue;
    const Json toxic = Json::parse(line.substr(line.find('{')));
    EXPECT_EQ(toxic["stream"], "downstream");
    EXPECT_EQ(toxic["toxicity"], 1.0);
    attributes[toxic["type"]] = toxic["attributes"];
  }
  EXPECT_EQ(attributes["bandwidth"], Json({{"rate", 20}}));
  EXPECT_EQ(attributes["timeout"], Json({{"timeout", 0}}));
  EXPECT_EQ(attributes["reset_peer"], Json({{"timeout", 2000}}));
  EXPECT_EQ(attributes["slow_close"], Json({{"delay", 1000}}));
  EXPECT_EQ(attributes["limit_data"], Json({{"bytes", 4000}}));
  EXPECT_EQ(proxies_["redis"]["toxics"], Json::array());  // the run's end has removed them
}

TEST_F(Toxiproxy, DownDisablesTheProxy) {
  ASSERT_TRUE(plan(fault("proxy: redis, down: true")));
  play_until([&] { return asked().size() == 3; });
  EXPECT_THAT(asked(), ElementsAre("GET /proxies/redis", "POST /proxies/redis {\"enabled\":false}",
                                   "POST /proxies/redis {\"enabled\":true}"));
}

TEST_F(Toxiproxy, WhatCouldNotBeAddedIsNotMissedWhenItIsRemoved) {
  ASSERT_TRUE(plan(fault("proxy: redis, latency: 1s, reset: 0")));
  {
    const std::lock_guard lock(mutex_);
    proxies_["redis"]["toxics"].push_back({{"name", "tocsin_1_reset_peer_downstream"}});
  }
  play_until([&] { return !outside_->trouble().empty(); });
  EXPECT_THAT(outside_->trouble(),
              HasSubstr("answered 409, not 200: {\"error\":\"toxic already exists\""));
  EXPECT_EQ(proxies_["redis"]["toxics"], Json::array());
}

TEST_F(Toxiproxy, IsLookedAtBeforeAnythingStarts) {
  const auto misspelt = plan(fault("proxy: reddis, latency: 1s"));
  ASSERT_TRUE(misspelt.has_error());
  EXPECT_THAT(misspelt.error().message, HasSubstr("has no proxy \"reddis\""));
  EXPECT_THAT(misspelt.error().hints, ElementsAre("did you mean \"redis\"?"));
  proxies_["redis"]["enabled"] = false;
  EXPECT_THAT(plan(fault("proxy: redis, latency: 1s")).error().message, HasSubstr("is disabled"));
  proxies_["redis"]["enabled"] = true;
  proxies_["redis"]["toxics"].push_back({{"name", "tocsin_1_latency_downstream"}});
  EXPECT_THAT(plan(fault("proxy: redis, latency: 1s")).error().message,
              HasSubstr("has a toxic \"tocsin_1_latency_downstream\""));
  EXPECT_TRUE(plan(fault("proxy: redis, reset: 0")).has_value());
}

TEST_F(Called, SomethingElseIsNoToxiproxy) {
  const auto refused =
      plan("  - {at: 0s, for: 1s, toxiproxy: {url: " + target_url_ + ", proxy: a, reset: 0}}\n");
  ASSERT_TRUE(refused.has_error());
  EXPECT_THAT(refused.error().message,
              HasSubstr("/proxies/a answered 200, and not as a Toxiproxy does"));
}

}  // namespace
}  // namespace tocsin::run
