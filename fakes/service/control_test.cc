#include "fakes/service/control.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "fakes/service/test_target.h"

namespace tocsin::fakes {
namespace {

using nlohmann::json;
using std::chrono::minutes;

class Control : public ::testing::Test {
 protected:
  Control() {
    system_.service = small_service();
    system_.service.signals.push_back(signal("queue.depth", "3"));
    scenario::Target exporter;
    exporter.name = "postgres";
    scenario::AdminEndpoint drain;
    drain.path = "/admin/drain";
    drain.length = minutes(3);
    drain.changes = change("queue.depth", 0, Duration(0), Duration(0)).changes;
    system_.service.admin.push_back(std::move(drain));
    system_.exporters.push_back(exporter);
  }

  http::Response ask(std::string method, std::string target, std::string body = "") {
    return control_.answer(
        {.method = std::move(method), .target = std::move(target), .body = std::move(body)});
  }
  json ask_json(std::string method, std::string target, std::string body = "") {
    return json::parse(ask(std::move(method), std::move(target), std::move(body)).body);
  }

  scenario::System system_;
  Duration now_ = minutes(2);
  std::shared_ptr<const faults::FaultTimeline> applied_;
  FaultControl control_{system_,
                        {},
                        [this] { return now_; },
                        [this](auto timeline) { applied_ = std::move(timeline); }};
};

TEST_F(Control, SetsListsAndClears) {
  const http::Response made = ask("POST", "/tocsin/faults",
                                  R"({"target": "service", "name": "bad deploy", "for": "5m",
              "changes": {"error_rate": "8%", "/chat": {"latency": "x3"}, "slow_scrape": "20s"}})");
  EXPECT_EQ(made.status, 201) << made.body;
  ASSERT_TRUE(applied_);
  EXPECT_EQ(applied_->signal("service", "error_rate", "/list", 0.01, minutes(3)), 0.08);
  EXPECT_EQ(applied_->signal("service", "latency", "/chat", 1, minutes(3)), 3);
  EXPECT_EQ(applied_->signal("service", "latency", "/list", 1, minutes(3)), 1);
  EXPECT_EQ(applied_->target_fault("service", minutes(3))->delay, std::chrono::seconds(20));
  EXPECT_FALSE(applied_->target_fault("service", minutes(7)));

  now_ = minutes(4);
  json faults = ask_json("GET", "/tocsin/faults")["faults"];
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0]["name"], "bad deploy");
  EXPECT_EQ(faults[0]["what"], "service error_rate 8%, latency of /chat x3, slow_scrape 20s");
  EXPECT_EQ(faults[0]["state"], "active");
  EXPECT_EQ(faults[0]["for"], "5m");
  now_ = minutes(8);
  EXPECT_EQ(ask_json("GET", "/tocsin/faults")["faults"][0]["state"], "over");

  EXPECT_EQ(ask_json("DELETE", "/tocsin/faults/bad%20deploy")["cleared"], 1);
  EXPECT_TRUE(applied_->faults().empty());
  EXPECT_EQ(ask("DELETE", "/tocsin/faults/bad%20deploy").status, 404);
}

TEST_F(Control, WithoutALengthAFaultHoldsUntilItIsCleared) {
  const json made =
      ask_json("POST", "/tocsin/faults", R"({"target": "postgres", "changes": {"down": true}})");
  EXPECT_EQ(made["name"], "fault-1");
  EXPECT_FALSE(made.contains("for"));
  EXPECT_TRUE(applied_->target_fault("postgres", std::chrono::hours(1000)));
  EXPECT_EQ(ask_json("POST", "/tocsin/faults",
                     R"({"target": "service", "changes": {"queue.depth": 40}})")["name"],
            "fault-2");
  EXPECT_EQ(ask_json("DELETE", "/tocsin/faults")["cleared"], 2);
}

TEST_F(Control, ACallHasItsEffectForAsLongAsTheSystemSays) {
  const json made = ask_json("POST", "/tocsin/faults",
                             R"({"target": "service", "changes": {"call": "/admin/drain"}})");
  EXPECT_EQ(made["what"], "service call /admin/drain");
  EXPECT_EQ(made["for"], "3m");
  EXPECT_EQ(applied_->signal("service", "queue.depth", "", 3, minutes(4)), 0);
  EXPECT_EQ(applied_->signal("service", "queue.depth", "", 3, minutes(5)), 3);
}

TEST_F(Control, RefusesWithAReasonAndAHint) {
  struct Case {
    const char* body;
    const char* error;
    const char* hint;
  };
  const Case cases[] = {
      {"", "the body is not JSON", ""},
      {"[]", "expected a map (this request), not a list", ""},
      {"{}", "this request needs the key \"target\"", "service or an exporter"},
      {R"({"target": "servise", "changes": {}})", "the system has no target \"servise\"",
       "did you mean \"service\"?"},
      {R"({"target": {}})", "expected a text, not a map", ""},
      {R"({"target": "service"})", "this request needs the key \"changes\"", ""},
      {R"({"target": "service", "changes": {}})", "does nothing", ""},
      {R"({"target": "service", "change": {}})", "this request has no key \"change\"",
       "did you mean \"changes\"?"},
      {R"({"target": "service", "changes": {"error_rat": "8%"}})", "no signal \"error_rat\"",
       "did you mean \"error_rate\"?"},
      {R"({"target": "service", "changes": {"error_rate": "800%"}})", "from 0% to 100%", ""},
      {R"({"target": "service", "changes": {"error_rate": [1]}})", "not a list", ""},
      {R"({"target": "service", "changes": {"error_rate": null}})", "not nothing", ""},
      {R"({"target": "service", "changes": {"request_rate": "8/s"}})", "follows from the traffic",
       ""},
      {R"({"target": "service", "changes": {"latency": "8parsecs"}})", "\"latency\" is a", ""},
      {R"({"target": "service", "changes": {"latency": "x1..x3 over 9m"}, "for": "1m"})",
       "longer than the fault", ""},
      {R"({"target": "service", "changes": {"/chatt": {"latency": "x2"}}})",
       "no endpoint \"/chatt\"", "did you mean \"/chat\"?"},
      {R"({"target": "service", "changes": {"/chat": {"queue.depth": "2"}}})",
       "belongs to no endpoint", ""},
      {R"({"target": "service", "changes": {"down": "yes"}})", "true or false", ""},
      {R"({"target": "service", "changes": {"down": false}})", "false changes nothing", ""},
      {R"({"target": "service", "changes": {"down": true}, "for": "soon"})", "soon", ""},
      {R"({"target": "service", "changes": {"down": true}, "for": "0s"})", "longer than 0s", ""},
      {R"({"target": "service", "changes": {"down": true}, "for": "400d"})", "366d at most", ""},
      {R"({"target": "service", "changes": {"call": "/admin/drian"}})", "no admin endpoint",
       "did you mean \"/admin/drain\"?"},
      {R"({"target": "service", "changes": {"call": "/admin/drain"}, "for": "1m"})", "lasts 3m",
       "leave \"for\" out"},
      {R"({"a":[[[[[[[[[[[[]]]]]]]]]]]]})", "nested too deeply", ""},
  };
  for (const Case& c : cases) {
    const http::Response refused = ask("POST", "/tocsin/faults", c.body);
    EXPECT_EQ(refused.status, 400) << c.body;
    const json answer = json::parse(refused.body);
    EXPECT_NE(answer["error"].get<std::string>().find(c.error), std::string::npos)
        << c.body << ": " << answer;
    EXPECT_NE(answer.value("hint", "").find(c.hint), std::string::npos) << c.body << ": " << answer;
  }
  EXPECT_FALSE(applied_);
}

TEST_F(Control, OneNameOneFault) {
  const std::string body = R"({"target": "service", "name": "x", "changes": {"hang": true}})";
  EXPECT_EQ(ask("POST", "/tocsin/faults", body).status, 201);
  EXPECT_EQ(ask("POST", "/tocsin/faults", body).status, 409);
}

TEST_F(Control, DescribesItself) {
  const http::Response help = ask("GET", "/tocsin");
  EXPECT_EQ(help.status, 200);
  EXPECT_NE(help.body.find("  service: queue.depth, error_rate, latency"), std::string::npos)
      << help.body;
  EXPECT_EQ(help.body.find("request_rate"), std::string::npos);
  EXPECT_EQ(ask("PUT", "/tocsin/faults").status, 405);
  EXPECT_EQ(ask("PUT", "/tocsin/faults").headers.get("Allow"), "GET, POST, DELETE");
  EXPECT_EQ(ask("GET", "/tocsin/fault").status, 404);
}

}  // namespace
}  // namespace tocsin::fakes
