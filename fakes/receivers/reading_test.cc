#include "fakes/receivers/reading.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>

#include "fakes/receivers/alert_texts.h"
#include "fakes/receivers/paths.h"
#include "harness/base/file.h"

namespace tocsin::receivers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The requests of a file of harness/alerting's payloads: what Alertmanager is known to send.
std::vector<http::Request> captured(const std::string& name) {
  const std::string path =
      std::string(TOCSIN_SOURCE_DIR) + "/harness/alerting/testdata/payloads/" + name + ".txt";
  std::string text = read_file(path, 1 << 20).value();
  text.erase(0, text.find("\n\n") + 2);
  std::vector<http::Request> requests;
  while (!text.empty()) {
    http::Request request;
    std::istringstream head(text.substr(0, text.find("\n\n")));
    std::string url;
    head >> request.method >> url >> std::ws;
    const std::size_t slash = url.find('/', url.find("//") + 2);
    request.target = slash == std::string::npos ? "/" : url.substr(slash);
    for (std::string line; std::getline(head, line);) {
      const std::size_t colon = line.find(": ");
      request.headers.add(line.substr(0, colon), line.substr(colon + 2));
    }
    text.erase(0, text.find("\n\n") + 2);
    request.body = text.substr(0, text.find('\n'));
    text.erase(0, request.body.size() + 1);
    requests.push_back(std::move(request));
  }
  return requests;
}

/// The service has taken it.
Reading read(const char* kind, const http::Request& request, Memory& memory) {
  const std::vector<std::string> rest = path_segments(request.path());
  Reading reading = read_request({kind, rest, request, memory});
  if (reading.takes_effect) reading.takes_effect();
  return reading;
}

Reading read(const char* kind, const http::Request& request) {
  Memory memory;
  return read(kind, request, memory);
}

Reading read_body(const char* kind, std::string body, const std::string& path = "/") {
  http::Request request;
  request.method = "POST";
  request.target = path;
  const std::string_view whose = kind;
  const char* const scheme = whose == "opsgenie" ? "GenieKey"
                             : whose == "sns"    ? "AWS4-X"
                                                 : "Bearer";
  if (whose != "slack") request.headers.add("Authorization", std::string(scheme) + " k");
  request.headers.add("X-Auth-Token", "t");
  request.headers.add("X-User-Id", "i");
  request.body = std::move(body);
  return read(kind, request);
}

constexpr const char* kKey = "6e2148e9cb18ab71b8965a652debc404bc23898c7bcd463ad158929b54902dbb";

void expect_two_alerts(const Reading& reading, bool times) {
  const NotificationRecord& record = reading.record;
  EXPECT_EQ(reading.problem, "");
  EXPECT_TRUE(record.firing);
  ASSERT_EQ(record.alerts.size(), 2U);
  EXPECT_EQ(record.alerts[0].labels.to_string(),
            R"({alertname="HighLatency", cluster="c1", instance="a:1", severity="critical"})");
  EXPECT_EQ(record.alerts[0].annotations.at("summary"), R"(slow <b> & "q")");
  EXPECT_EQ(record.alerts[1].annotations.at("runbook"), "http://rb");
  EXPECT_TRUE(record.alerts[1].firing);
  EXPECT_FALSE(record.alerts[1].ends_at);
  if (times) {
    EXPECT_EQ(format_rfc3339(record.alerts[0].starts_at), "2026-11-22T04:25:58.290Z");
  }
  EXPECT_THAT(record.text, HasSubstr("slow <b> & \"q\""));
  EXPECT_THAT(record.text, HasSubstr("http://rb"));
}

TEST(Reading, WebhookVersion4) {
  const Reading firing = read("webhook", captured("webhook")[0]);
  expect_two_alerts(firing, true);
  EXPECT_EQ(firing.record.group_key, R"({}:{alertname="HighLatency", cluster="c1"})");
  EXPECT_EQ(firing.identity, firing.record.group_key);
  EXPECT_EQ(firing.record.group_labels.to_string(), R"({alertname="HighLatency", cluster="c1"})");
  EXPECT_EQ(firing.record.reason, "first notification");
  EXPECT_EQ(firing.record.title, "[FIRING:2] HighLatency c1");
  EXPECT_EQ(firing.answer.status, 200);
  const Reading resolved = read("webhook", captured("webhook-resolved")[0]);
  EXPECT_FALSE(resolved.record.firing);
  EXPECT_EQ(format_rfc3339(*resolved.record.alerts.at(0).ends_at), "2026-11-22T04:26:01.509Z");
  EXPECT_EQ(resolved.record.title, "[RESOLVED] HighLatency c1");
}

TEST(Reading, WebhookOfSomebodysOwnForm) {
  const Reading own = read("webhook", captured("webhook-payload")[0]);
  EXPECT_EQ(own.problem, "");
  EXPECT_EQ(own.answer.status, 200);
  const Reading app = read_body(
      "webhook", R"({"title":"Disk","message":"is full","severity":"critical","status":"ok"})");
  EXPECT_EQ(app.record.title, "Disk");
  EXPECT_EQ(app.record.text, "is full");
  EXPECT_FALSE(app.record.firing);
  EXPECT_EQ(app.details.at("severity"), "critical");
}

TEST(Reading, Slack) {
  const Reading firing = read("slack", captured("slack")[0]);
  EXPECT_EQ(firing.record.title, "[FIRING:2] HighLatency c1 (critical)");
  EXPECT_TRUE(firing.record.firing);
  EXPECT_THAT(firing.record.text, HasSubstr("http://am.example:9093/#/alerts?receiver=all"));
  EXPECT_THAT(firing.record.text, HasSubstr("Sev: critical\nRunbook: http://rb"));
  EXPECT_EQ(firing.details.at("channel"), "#ops");
  EXPECT_EQ(firing.details.at("color"), "danger");
  EXPECT_EQ(firing.answer.body, "ok");
  EXPECT_FALSE(read("slack", captured("slack-resolved")[0]).record.firing);
  const Reading api =
      read_body("slack", R"({"channel":"C","text":"hello\nyou"})", "/api/chat.postMessage");
  EXPECT_THAT(api.answer.body, HasSubstr(R"("ok":true)"));
  EXPECT_EQ(api.record.title, "hello");
  const Reading blocks = read_body(
      "slack",
      R"({"blocks":[{"type":"header","text":{"type":"plain_text","text":"A"}},{"type":"section","fields":[{"text":"B"}]}]})");
  EXPECT_EQ(blocks.record.text, "A\nB");
  const Reading color = read_body("slack", R"({"attachments":[{"color":"good","text":"x"}]})");
  EXPECT_FALSE(color.record.firing);
}

TEST(Reading, PagerDuty) {
  const Reading firing = read("pagerduty", captured("pagerduty")[0]);
  expect_two_alerts(firing, true);
  EXPECT_EQ(firing.identity, kKey);
  EXPECT_EQ(firing.record.title, "[FIRING:2] HighLatency c1 (critical)");
  EXPECT_EQ(firing.details.at("severity"), "error");
  EXPECT_EQ(firing.details.at("action"), "trigger");
  EXPECT_EQ(firing.details.at("source"), "Alertmanager");
  EXPECT_THAT(firing.record.text, HasSubstr("num_firing: 2\n"));
  EXPECT_EQ(firing.answer.status, 202);
  EXPECT_EQ(firing.answer.body, std::string(R"({"dedup_key":")") + kKey +
                                    R"(","message":"Event processed","status":"success"})");
  const Reading resolved = read("pagerduty", captured("pagerduty-resolved")[0]);
  EXPECT_FALSE(resolved.record.firing);
  EXPECT_EQ(resolved.details.at("action"), "resolve");
  ASSERT_EQ(resolved.record.alerts.size(), 1U);
  EXPECT_FALSE(resolved.record.alerts[0].firing);
  EXPECT_TRUE(resolved.record.alerts[0].ends_at);
  const Reading old = read("pagerduty", captured("pagerduty-version-1")[0]);
  expect_two_alerts(old, true);
  EXPECT_EQ(old.answer.status, 200);
  EXPECT_EQ(old.identity, kKey);
}

TEST(Reading, Opsgenie) {
  const std::vector<http::Request> requests = captured("opsgenie");
  ASSERT_EQ(requests.size(), 3U);
  const Reading created = read("opsgenie", requests[0]);
  expect_two_alerts(created, false);
  EXPECT_EQ(created.identity, kKey);
  EXPECT_EQ(created.record.title, "[FIRING:2] HighLatency c1 (critical)");
  EXPECT_EQ(created.details.at("priority"), "P2");
  EXPECT_EQ(created.details.at("tags"), "x, y");
  EXPECT_EQ(created.answer.status, 202);
  EXPECT_THAT(created.answer.body, HasSubstr(R"("result":"Request will be processed")"));
  const Reading message = read("opsgenie", requests[1]);
  EXPECT_EQ(message.details.at("action"), "message");
  EXPECT_EQ(message.identity, kKey);
  EXPECT_EQ(message.record.title, "[FIRING:2] HighLatency c1 (critical)");
  const Reading description = read("opsgenie", requests[2]);
  EXPECT_THAT(description.record.text, HasSubstr("Alerts Firing:"));
  const Reading closed = read("opsgenie", captured("opsgenie-resolved")[0]);
  EXPECT_EQ(closed.details.at("action"), "close");
  EXPECT_FALSE(closed.record.firing);
  EXPECT_EQ(closed.identity, kKey);
}

TEST(Reading, Teams) {
  const Reading card = read("msteams", captured("msteams")[0]);
  expect_two_alerts(card, false);
  EXPECT_EQ(card.record.title, "[FIRING:2] HighLatency c1 (critical)");
  EXPECT_EQ(card.details.at("color"), "8C1A1A");
  EXPECT_EQ(card.answer.status, 200);
  EXPECT_EQ(card.answer.body, "1");
  const Reading adaptive = read("msteamsv2", captured("msteamsv2-resolved")[0]);
  EXPECT_EQ(adaptive.record.title, "[RESOLVED] HighLatency c1 (b:1 critical)");
  EXPECT_FALSE(adaptive.record.firing);
  ASSERT_EQ(adaptive.record.alerts.size(), 1U);
  EXPECT_FALSE(adaptive.record.alerts[0].firing);
  EXPECT_EQ(adaptive.details.at("color"), "Good");
  EXPECT_EQ(adaptive.answer.status, 202);
}

/// What Alertmanager sends to each of them with its default texts.
TEST(Reading, OtherServicesByTheirDefaultTexts) {
  struct Case {
    const char* kind;
    const char* capture;
    std::size_t request;
    int status;
    const char* title;
  };
  const char* const subject = "[FIRING:2] HighLatency c1 (critical)";
  const Case cases[] = {
      {"discord", "discord", 0, 204, subject}, {"telegram", "telegram", 0, 200, "Alerts Firing:"},
      {"webex", "webex", 0, 200, "http://rb"}, {"mattermost", "mattermost", 0, 200, subject},
      {"wechat", "wechat", 1, 200, subject},   {"victorops", "victorops", 0, 200, subject},
      {"sns", "sns", 0, 200, subject},         {"jira", "jira", 1, 201, subject},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.capture);
    const Reading reading = read(c.kind, captured(c.capture).at(c.request));
    expect_two_alerts(reading, false);
    EXPECT_EQ(reading.record.title, c.title);
    EXPECT_EQ(reading.answer.status, c.status);
    EXPECT_FALSE(reading.is_question);
  }
}

TEST(Reading, OtherServicesEnds) {
  struct Case {
    const char* kind;
    const char* capture;
    std::size_t request;
  };
  const Case cases[] = {{"discord", "discord-resolved", 0},
                        {"telegram", "telegram-resolved", 0},
                        {"victorops", "victorops-resolved", 0},
                        {"rocketchat", "rocketchat-resolved", 0},
                        {"jira", "jira-resolved", 1}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.capture);
    http::Request request = captured(c.capture).at(c.request);
    if (std::string_view(c.kind) == "rocketchat") request.body.insert(1, R"("channel":"c",)");
    const Reading reading = read(c.kind, request);
    EXPECT_FALSE(reading.record.firing);
    for (const NotificationAlert& alert : reading.record.alerts) EXPECT_FALSE(alert.firing);
  }
}

TEST(Reading, WhatOnlySomeServicesHave) {
  EXPECT_EQ(read("discord", captured("discord")[0]).details.at("color"), "10038562");
  EXPECT_EQ(read("telegram", captured("telegram")[0]).details.at("channel"), "-1001");
  EXPECT_EQ(read("webex", captured("webex")[0]).details.at("channel"), "c1-room");
  EXPECT_EQ(read("mattermost", captured("mattermost")[0]).details.at("priority"), "urgent");
  EXPECT_EQ(read("rocketchat", captured("rocketchat")[0]).details.at("channel"), "#ops");
  EXPECT_EQ(read("victorops", captured("victorops")[0]).details.at("channel"), "team c1");
  EXPECT_EQ(read("sns", captured("sns")[0]).details.at("channel"),
            "arn:aws:sns:eu-central-1:1:ops");
  const Reading incident = read("incidentio", captured("incidentio")[0]);
  EXPECT_EQ(incident.identity, R"({}:{alertname="HighLatency", cluster="c1"})");
  EXPECT_EQ(incident.details.at("truncated_alerts"), "1");
  EXPECT_EQ(incident.answer.status, 202);
  const Reading push = read("pushover", captured("pushover")[0]);
  EXPECT_EQ(push.record.title, "firing & more");
  EXPECT_THAT(push.record.text, HasSubstr("slow"));
  EXPECT_EQ(push.details.at("priority"), "2");
  EXPECT_THAT(push.answer.body, HasSubstr("receipt"));
  EXPECT_EQ(read_body("pushover", "token=a&user=b&message=x+y&title=T").record.text, "x y");
}

/// A group's issue is made, found again, updated, moved; then there is none that is open.
TEST(Reading, JiraRemembers) {
  Memory memory;
  memory.transitions = {"Fixed"};
  const std::vector<http::Request> first = captured("jira");
  const Reading none = read("jira", first[0], memory);
  EXPECT_TRUE(none.is_question);
  EXPECT_EQ(none.answer.body, R"({"issues":[],"total":0})");
  const Reading made = read("jira", first[1], memory);
  EXPECT_EQ(made.answer.body, R"({"id":"10000","key":"OPS-1"})");
  EXPECT_EQ(made.identity, std::string("ALERT{") + kKey + "}");
  EXPECT_EQ(made.details.at("priority"), "High");
  EXPECT_THAT(read("jira", first[0], memory).answer.body, HasSubstr(R"("key":"OPS-1")"));

  std::vector<http::Request> moving = captured("jira-resolved");
  for (http::Request& request : moving) {
    const std::size_t at = request.target.find("OPS-7");
    if (at != std::string::npos) request.target.replace(at, 5, "OPS-1");
  }
  const Reading update = read("jira", moving[1], memory);
  EXPECT_EQ(update.answer.status, 204);
  EXPECT_EQ(update.record.text, "resolved <b>\n");
  const Reading list = read("jira", moving[2], memory);
  EXPECT_TRUE(list.is_question);
  EXPECT_THAT(list.answer.body, HasSubstr(R"({"id":"1","name":"Fixed"})"));
  moving[3].body = R"({"transition":{"id":"1"}})";
  const Reading moved = read("jira", moving[3], memory);
  EXPECT_EQ(moved.record.title, "OPS-1: Fixed");
  EXPECT_FALSE(moved.record.firing);
  EXPECT_EQ(moved.identity, made.identity);
  EXPECT_THAT(read("jira", first[0], memory).answer.body, HasSubstr(R"("issues":[])"));
  EXPECT_THAT(read("jira", captured("jira-reopened")[0], memory).answer.body,
              HasSubstr(R"("key":"done")"));
  moving[3].body = R"({"transition":{"id":"99"}})";
  EXPECT_EQ(read("jira", moving[3], memory).answer.status, 400);
  EXPECT_EQ(read("jira", captured("jira-resolved")[1], memory).answer.status, 404);
  // Keys don't come twice, though the group's first issue is forgotten for its second.
  EXPECT_THAT(read("jira", first[1], memory).answer.body, HasSubstr(R"("key":"OPS-2")"));
  http::Request other = first[1];
  other.body.replace(other.body.find("ALERT{"), 6, "ALERT{x");
  EXPECT_THAT(read("jira", other, memory).answer.body, HasSubstr(R"("key":"OPS-3")"));
}

/// What met trouble on its way has changed nothing.
TEST(Reading, JiraForgetsWhatItHasNotTaken) {
  Memory memory;
  const std::vector<http::Request> first = captured("jira");
  const std::vector<std::string> rest = path_segments(first[1].path());
  EXPECT_EQ(read_request({"jira", rest, first[1], memory}).answer.status, 201);
  EXPECT_THAT(read("jira", first[0], memory).answer.body, HasSubstr(R"("issues":[])"));
}

TEST(Reading, TelegramsTextWithoutTags) {
  const char* const body =
      R"({"chat_id":1,"text":"a &lt; b &am c <i>d</i> & <","parse_mode":"HTML"})";
  EXPECT_EQ(read_body("telegram", body, "/bot1:A/sendMessage").record.text, "a < b &am c d & <");
}

TEST(Reading, WechatsToken) {
  const std::vector<http::Request> requests = captured("wechat");
  const Reading token = read("wechat", requests[0]);
  EXPECT_TRUE(token.is_question);
  EXPECT_THAT(token.answer.body, HasSubstr("access_token"));
  EXPECT_EQ(read("wechat", requests[1]).details.at("touser"), "@all");
  EXPECT_THAT(read_body("wechat", "{}", "/cgi-bin/gettoken?corpid=x").answer.body,
              HasSubstr(R"("errcode":40001)"));
}

TEST(Reading, RefusedAsTheRealServicesDo) {
  struct Case {
    const char* kind;
    const char* body;
    int status;
    const char* problem;
  };
  const Case cases[] = {
      {"webhook", "", 400, "not JSON"},
      {"webhook", "{\"a\":", 400, "not JSON"},
      {"slack", "hello", 400, "invalid_payload"},
      {"slack", "[]", 400, "invalid_payload"},
      {"slack", R"({"channel":"#ops"})", 400, "no_text"},
      {"pagerduty", "", 400, "the body is not a JSON object"},
      {"pagerduty", "{}", 400,
       "'routing_key' is missing or blank; 'event_action' is missing or blank; 'dedup_key' is "
       "missing or blank"},
      {"pagerduty", R"({"routing_key":"R","event_action":"trigger"})", 400,
       "'payload' is missing or blank"},
      {"pagerduty", R"({"routing_key":"R","event_action":"page","dedup_key":"k"})", 400,
       "'event_action' is invalid"},
      {"pagerduty",
       R"({"routing_key":" ","event_action":"trigger","payload":{"summary":"s","source":"x","severity":"bad"}})",
       400, "'routing_key' is missing or blank; 'payload.severity' is invalid"},
      {"pagerduty", R"({"routing_key":"R","event_action":"trigger","payload":{"severity":"info"}})",
       400, "'payload.summary' is missing or blank; 'payload.source' is missing or blank"},
      {"pagerduty", R"({"routing_key":"R","event_action":"resolve"})", 400,
       "'dedup_key' is missing or blank"},
      {"pagerduty", R"({"service_key":"S","event_type":"trigger"})", 400,
       "'description' is missing or blank"},
      {"msteams", "[]", 400, "Bad payload received by generic incoming webhook."},
      {"msteams", "{}", 400, "Summary or Text is required."},
      {"discord", "x", 400, "not JSON"},
      {"discord", "{}", 400, "Cannot send an empty message"},
      {"telegram", "[]", 404, "Not Found"},
      {"webex", R"({"markdown":"x"})", 400,
       "One of the following must be non-null: roomId, toPersonId, toPersonEmail"},
      {"webex", R"({"roomId":"r"})", 400, "Unable to post message with no text or file"},
      {"mattermost", "{}", 400, "No text specified."},
      {"mattermost", "x", 400, "Unable to parse incoming data."},
      {"rocketchat", R"({"text":"x"})", 400, "[invalid-channel]"},
      {"victorops", "{}", 400, "message_type is required"},
      {"incidentio", "{}", 422, "alerts is required"},
      {"pushover", "user=u&message=m", 400, "application token is invalid"},
      {"pushover", "token=t&user=u", 400, "message cannot be blank"},
      {"pushover", "token=t&user=u&message=m&priority=2&retry=5&expire=60", 400,
       "retry must be at least 30 seconds for emergency priority"},
      {"sns", "Action=Publish&Message=m", 400,
       "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"},
      {"sns", "Action=Publish&TopicArn=t", 400, "Invalid parameter: Empty message"},
      {"sns", "Action=Publish&TopicArn=t&Message=m&Subject=a%0Ab", 400,
       "Invalid parameter: Subject"},
      {"sns", "{}", 400, "The action is not valid for this endpoint."},
      {"wechat", "x", 200, "data format error"},
      {"wechat", "{}", 200, "access_token missing"},
      {"jira", "{}", 404, "no such call: POST"},
  };
  for (const Case& c : cases) {
    const Reading reading = read_body(c.kind, c.body);
    EXPECT_EQ(reading.answer.status, c.status) << c.kind << ' ' << c.body;
    EXPECT_EQ(reading.problem, c.problem) << c.kind << ' ' << c.body;
  }
}

TEST(Reading, RefusedByPath) {
  const auto problem = [](const char* kind, const char* body, const char* path) {
    return read_body(kind, body, path).problem;
  };
  EXPECT_EQ(problem("telegram", "{}", "/bot1:A/sendMessage"), "Bad Request: chat_id is empty");
  EXPECT_EQ(problem("telegram", R"({"chat_id":1,"text":" "})", "/bot1:A/sendMessage"),
            "Bad Request: message text is empty");
  EXPECT_EQ(problem("telegram", "x", "/bot1:A/sendMessage"),
            "Bad Request: can't parse the request's JSON");
  EXPECT_EQ(problem("jira", "{}", "/rest/api/2/issue"), "valid issue type is required");
  EXPECT_EQ(problem("wechat", "{}", "/message/send?access_token=x"), "text content is empty");
  http::Request nobody;
  nobody.method = "POST";
  nobody.body = "{}";
  for (const char* kind : {"webex", "rocketchat", "incidentio"}) {
    EXPECT_EQ(read(kind, nobody).answer.status, 401) << kind;
  }
  nobody.body = "Action=Publish&TopicArn=t&Message=m";
  EXPECT_EQ(read("sns", nobody).answer.status, 403);
}

TEST(Reading, PagerDutyBounds) {
  const auto event = [](const std::string& key, const std::string& summary) {
    return R"({"routing_key":"R","event_action":"trigger","dedup_key":")" + key +
           R"(","payload":{"summary":")" + summary + R"(","source":"s","severity":"info"}})";
  };
  EXPECT_EQ(read_body("pagerduty", event(std::string(255, 'k'), std::string(1024, 's'))).problem,
            "");
  EXPECT_EQ(read_body("pagerduty", event(std::string(256, 'k'), "s")).problem,
            "'dedup_key' is too long (should be at most 255 characters)");
  EXPECT_EQ(read_body("pagerduty", event("k", std::string(1025, 's'))).problem,
            "'payload.summary' is too long (should be at most 1024 characters)");
  std::string umlauts;
  for (int i = 0; i < 1024; ++i) umlauts += "ä";
  EXPECT_EQ(read_body("pagerduty", event("k", umlauts)).problem, "") << "characters, not bytes";
  EXPECT_EQ(read_body("pagerduty", std::string(512'001, ' ')).answer.status, 413);
}

TEST(Reading, OpsgenieRefusals) {
  const auto create = [](const char* body) { return read_body("opsgenie", body, "/v2/alerts"); };
  EXPECT_EQ(create("{}").answer.status, 422);
  EXPECT_EQ(create("{}").problem, "Message can not be empty.");
  EXPECT_EQ(create(R"({"message":"m","priority":"P6"})").answer.status, 422);
  EXPECT_EQ(create(R"({"message":"m","priority":"P5"})").answer.status, 202);
  EXPECT_EQ(create("no").answer.status, 400);
  EXPECT_EQ(read_body("opsgenie", "{}", "/v2/incidents").answer.status, 404);
  EXPECT_EQ(read_body("opsgenie", "{}", "/v2/alerts/a/snooze").answer.status, 404);
  http::Request nobody;
  nobody.method = "POST";
  nobody.target = "/v2/alerts";
  nobody.body = R"({"message":"m"})";
  EXPECT_EQ(read("opsgenie", nobody).answer.status, 401);
}

TEST(Reading, HostileBodies) {
  const std::string bodies[] = {
      std::string(1'000'000, '['),
      "{\"alerts\":" + std::string(100, '[') + std::string(100, ']') + "}",
      R"({"version":"4","alerts":[1,null,"x",[],{"labels":[],"annotations":3,"startsAt":7}]})",
      R"({"version":"4","alerts":[{"labels":{"a":{"b":[1]}},"status":9,"endsAt":"never"}]})",
      R"({"attachments":[1,"x",{"fields":"f","actions":{"a":1},"title":[]}],"blocks":7,"text":{}})",
      R"({"routing_key":"R","event_action":"trigger","payload":{"summary":"s","source":"x","severity":"info","custom_details":{"firing":[7,{}],"resolved":"Labels:\n - "}},"links":9})",
      R"({"type":"message","attachments":[{"content":{"body":[4,{"text":5}]}},6]})",
      "\xff\xfe{\"text\":\"\xc3\"}",
      "{\"text\":\"\\ud800\"}",
      std::string("{\"text\":\"a\0b\"}", 14),
      "null",
      "\"text\"",
      "1e999",
  };
  for (const char* kind : {"webhook", "slack", "pagerduty", "opsgenie", "msteams", "msteamsv2",
                           "discord", "telegram", "victorops", "jira", "incidentio", "mattermost",
                           "pushover", "rocketchat", "sns", "webex", "wechat"}) {
    for (const std::string& body : bodies) {
      for (const char* path : {"/v2/alerts", "/issue", "/search", "/issue/K/transitions",
                               "/botX/sendMessage", "/gettoken?%zz&=&corpid"}) {
        const Reading reading = read_body(kind, body, path);
        EXPECT_GE(reading.answer.status, 200) << kind << ' ' << body.substr(0, 80);
      }
    }
  }
}

/// Bodies captured from Debian's Alertmanager, read where they lie, when they do.
TEST(Reading, OldAlertmanagersCaptures) {
  const char* named = std::getenv("TOCSIN_REFERENCE_DIR");
  const std::string folder =
      (named != nullptr ? named : std::string(TOCSIN_SOURCE_DIR) + "/../shared/reference") +
      "/captures/am-0.25-";
  if (!std::filesystem::exists(folder + "webhook-firing.json")) GTEST_SKIP() << "no captures";
  const auto body = [&](const char* name) { return read_file(folder + name, 1 << 20).value(); };
  expect_two_alerts(read_body("webhook", body("webhook-firing.json")), false);
  const Reading trigger = read_body("pagerduty", body("pagerduty-v2-trigger.json"));
  expect_two_alerts(trigger, false);
  EXPECT_EQ(trigger.details.at("component"), "co");
  const Reading resolve = read_body("pagerduty", body("pagerduty-v2-resolve.json"));
  EXPECT_FALSE(resolve.record.firing);
  ASSERT_EQ(resolve.record.alerts.size(), 1U);
  EXPECT_FALSE(resolve.record.alerts[0].firing);
  EXPECT_EQ(read_body("slack", body("slack-firing.json")).problem, "");
  EXPECT_FALSE(read_body("slack", body("slack-resolved.json")).record.firing);
  expect_two_alerts(read_body("opsgenie", body("opsgenie-create.json"), "/v2/alerts"), false);
  const Reading close = read_body("opsgenie", body("opsgenie-close.json"), "/v2/alerts/abc/close");
  EXPECT_EQ(close.identity, "abc");
  EXPECT_FALSE(close.record.firing);
}

TEST(AlertTexts, LinesThatAreNoList) {
  EXPECT_TRUE(alerts_in_text("", true).empty());
  EXPECT_TRUE(alerts_in_text("Labels:\nAnnotations:\nSource:\n", true).empty());
  EXPECT_TRUE(alerts_in_text(" - a = b\n", true).empty());
  const auto folded = alerts_in_text(
      "Labels:\n - a = b = c\nAnnotations:\n - text = one\n   two\n\nthree\nSource: x\n - d = e\n",
      false);
  ASSERT_EQ(folded.size(), 1U);
  EXPECT_EQ(folded[0].labels.to_string(), R"({a="b = c"})");
  EXPECT_EQ(folded[0].annotations.at("text"), "one\ntwo\nthree");
  EXPECT_FALSE(folded[0].firing);
}

}  // namespace
}  // namespace tocsin::receivers
