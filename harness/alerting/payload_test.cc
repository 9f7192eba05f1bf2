#include "harness/alerting/payload.h"

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "harness/alerting/aws_signature.h"
#include "harness/alerting/engine.h"
#include "harness/alerting/integration_rules.h"
#include "harness/base/file.h"

namespace tocsin::alerting {
namespace {

/// Two alerts of one group, as the bodies below were captured from Alertmanager.
Notification two_alerts() {
  Notification told;
  told.receiver = "all";
  told.group_key = R"({}:{alertname="HighLatency", cluster="c1"})";
  told.group_labels = {{"alertname", "HighLatency"}, {"cluster", "c1"}};
  told.reason = NotifyReason::kFirst;
  const char* summaries[] = {"slow <b> & \"q\"", "slow"};
  const char* instances[] = {"a:1", "b:1"};
  for (int i = 0; i < 2; ++i) {
    NotifiedAlert alert;
    alert.labels = told.group_labels.with("instance", instances[i]).with("severity", "critical");
    alert.fingerprint = fingerprint(alert.labels);
    alert.starts_at = *parse_rfc3339("2026-11-22T04:25:58.29Z");
    auto text = std::make_shared<AlertText>();
    text->annotations = {{"runbook", "http://rb"}, {"summary", summaries[i]}};
    text->generator_url = "http://prom/graph?g0.expr=x";
    alert.text = text;
    told.alerts.push_back(alert);
  }
  return told;
}

Notification one_resolved() {
  Notification told = two_alerts();
  told.alerts.erase(told.alerts.begin());
  told.alerts[0].ends_at = *parse_rfc3339("2026-11-22T04:26:01.509Z");
  told.reason = NotifyReason::kAllResolved;
  return told;
}

constexpr Timestamp kNow = Timestamp(std::chrono::seconds(1'795'321'558));

PayloadContext context() {
  PayloadContext context;
  context.external_url = "http://am.example:9093";
  return context;
}

/// The payload of the one integration of a configuration.
Result<Payload> rendered(const std::string& integration, const Notification& told,
                         const PayloadContext& with = context()) {
  const std::string text =
      "global: {smtp_smarthost: 'mail:25', smtp_from: am@example.org}\n"
      "route: {receiver: all}\nreceivers:\n- name: all\n" +
      integration;
  Diagnostics diagnostics;
  const auto config = parse_config("am.yml", text, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  return render_payload(told, config->receivers[0].integrations[0], with, kNow);
}

/// A file of testdata/payloads: whether the alerts fire and since which version of Alertmanager the
/// body is as it is, the integration, what the service answers, a blank line, what is sent.
struct PayloadCase {
  struct Canned {
    std::string method;
    std::string path_end;
    std::string body;
  };
  bool resolved = false;
  std::string integration;
  std::vector<Canned> answers;
  std::string head;  ///< all of these, as written
  std::string sent;

  std::string answer_to(const HttpRequest& request) const {
    const std::string path = request.url.substr(0, request.url.find('?'));
    for (const Canned& one : answers) {
      if (one.method == request.method && path.ends_with(one.path_end)) return one.body;
    }
    return "";
  }
};

PayloadCase read_case(const std::string& text) {
  PayloadCase read;
  const std::size_t blank = text.find("\n\n") + 2;
  read.head = text.substr(0, blank);
  read.sent = text.substr(blank);
  std::istringstream lines(read.head);
  std::string state;
  std::getline(lines, state);
  read.resolved = state.starts_with("resolved");
  EXPECT_TRUE(read.resolved || state.starts_with("firing")) << state;
  std::getline(lines, read.integration);
  std::string word;
  while (lines >> word) {
    EXPECT_EQ(word, "answers");
    PayloadCase::Canned& one = read.answers.emplace_back();
    lines >> one.method >> one.path_end >> std::ws;
    std::getline(lines, one.body);
  }
  return read;
}

std::string shown(const HttpRequest& request) {
  std::string text = request.method + ' ' + request.url + '\n';
  for (const auto& [name, value] : request.headers) text += name + ": " + value + '\n';
  text += '\n' + request.body;
  return request.body.ends_with('\n') ? text : text + '\n';
}

/// The method, URL, headers and body of each request, or the mail, as in testdata/payloads.
std::string shown(const Payload& payload, const PayloadCase& of) {
  if (const auto* mail = std::get_if<Mail>(&payload)) {
    std::string text = "MAIL FROM:<" + mail->from + ">\n";
    for (const std::string& to : mail->to) text += "RCPT TO:<" + to + ">\n";
    text += mail->message;
    std::erase(text, '\r');
    return text;
  }
  std::string text;
  HttpExchange exchange = std::get<HttpExchange>(payload);
  while (true) {
    for (const HttpRequest& request : exchange.requests) text += shown(request);
    if (!exchange.next) return text;
    Result<HttpExchange> more = exchange.next(of.answer_to(exchange.requests.back()));
    if (more.has_error()) return text + "error: " + more.error().message + '\n';
    exchange = std::move(*more);
  }
}

/// Held against a real Alertmanager with the same configuration and alerts by compare_payloads.py,
/// and against captures of 0.25.
TEST(Payload, AsAlertmanagerSendsThem) {
  const std::filesystem::path folder =
      std::filesystem::path(TOCSIN_SOURCE_DIR) / "harness/alerting/testdata/payloads";
  std::set<std::string> kinds;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path());
    const PayloadCase one = read_case(read_file(entry.path().string()).value());
    kinds.insert(one.integration.substr(0, one.integration.find("_configs:")));
    const Result<Payload> payload =
        rendered("  " + one.integration + '\n', one.resolved ? one_resolved() : two_alerts());
    ASSERT_TRUE(payload.has_value()) << payload.error().message;
    const std::string sent = shown(*payload, one);
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
      ASSERT_TRUE(write_file_atomically(entry.path().string(), one.head + sent).has_value());
    } else {
      EXPECT_EQ(sent, one.sent);
    }
  }
  for (const IntegrationKind& kind : integration_kinds()) {
    EXPECT_TRUE(has_payload(kind.name)) << kind.name;
    EXPECT_EQ(kinds.count(std::string(kind.name)), 1U) << "no case of " << kind.name;
  }
}

TEST(Payload, FailuresAreFinal) {
  EXPECT_EQ(rendered("  webhook_configs: [{url: 'http://h/{{ .Nothing }}'}]", two_alerts())
                .error()
                .message,
            "executing \"\" at <.Nothing>: can't evaluate field Nothing in type *template.Data");
  EXPECT_EQ(rendered("  email_configs: [{to: nobody}]", two_alerts()).error().message,
            "parse 'to' addresses: mail: missing '@' or angle-addr");
  EXPECT_FALSE(has_payload("pigeon"));
}

/// What http_config adds, the one of `global` where the integration has none.
TEST(Payload, HttpConfigOfGlobal) {
  const std::string global =
      "global: {http_config: {basic_auth: {username: u, password: p},"
      " http_headers: {X-Team: {values: [a, b]}}}}\nroute: {receiver: all}\n"
      "receivers:\n- name: all\n  webhook_configs:\n  - url: http://h/1\n"
      "  - {url: 'http://h/2', http_config: {authorization: {credentials: t}}}\n"
      "  - {url: 'http://h/3', http_config: {}}\n";
  Diagnostics diagnostics;
  const auto config = parse_config("am.yml", global, diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.render();
  std::vector<std::string> added;
  for (const Integration& integration : config->receivers[0].integrations) {
    const Result<Payload> payload = render_payload(two_alerts(), integration, context(), kNow);
    const HttpRequest& request = std::get<HttpExchange>(*payload).requests[0];
    std::string headers;
    for (std::size_t i = 2; i < request.headers.size(); ++i) {
      headers += request.headers[i].first + '=' + request.headers[i].second + ' ';
    }
    added.push_back(headers);
  }
  EXPECT_EQ(added, (std::vector<std::string>{"Authorization=Basic dTpw X-Team=a X-Team=b ",
                                             "Authorization=Bearer t ", ""}));
}

/// The example of Amazon's documentation.
TEST(Payload, SignaturesOfAmazon) {
  const AwsSigner signer = {"us-east-1", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
  const std::pair<const char*, const char*> cases[] = {
      {"GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"}};
  for (const auto& [method, signature] : cases) {
    HttpRequest request;
    request.method = method;
    request.url = "https://example.amazonaws.com/";
    signer.sign(request, "service", *parse_rfc3339("2015-08-30T12:36:00Z"));
    EXPECT_EQ(request.headers[1].second,
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
              "SignedHeaders=host;x-amz-date, Signature=" +
                  std::string(signature));
  }
}

TEST(Payload, FilesOfSecretsThatAreNotHere) {
  const std::string slack = "  slack_configs: [{api_url_file: /nowhere/at/all}]";
  EXPECT_NE(rendered(slack, two_alerts()).error().message.find("/nowhere/at/all"),
            std::string::npos);
  PayloadContext made_up = context();
  made_up.missing_secret = MissingSecret::kMadeUp;
  EXPECT_TRUE(rendered(slack, two_alerts(), made_up).has_value());
}

TEST(Payload, JirasAnswersThatDoNotFit) {
  const std::string jira =
      "  jira_configs: [{api_url: 'http://j', project: P, issue_type: B, resolve_transition: "
      "Done}]";
  const auto exchange = std::get<HttpExchange>(rendered(jira, one_resolved()).value());
  EXPECT_TRUE(exchange.next("{\"issues\":[]}")->requests.empty()) << "nothing to end";
  EXPECT_EQ(exchange.next("no").error().message,
            "failed to look up existing issues: Jira's answer is no JSON object");
  const auto update = exchange.next(
      R"({"issues":[{"key":"P-1","fields":{"status":{"statusCategory":{"key":"new"}}}}]})");
  ASSERT_TRUE(update->next);
  EXPECT_EQ(update->next(R"({"transitions":[{"id":"1","name":"Begin"}]})").error().message,
            "can't find transition Done for issue P-1");
}

Verdict judged(const char* kind, int status, const char* body,
               Answer::Kind answer = Answer::Kind::kStatus) {
  Integration integration;
  integration.kind = kind;
  Answer given;
  given.kind = answer;
  given.status = status;
  given.body = body;
  return judge(integration, given);
}

TEST(Payload, WhatAnswersMean) {
  struct Case {
    const char* kind;
    int status;
    const char* body;
    Verdict verdict;
  };
  const Case cases[] = {
      {"slack", 200, "ok", Verdict::kDelivered},
      {"slack", 200, "no", Verdict::kFailed},
      {"slack", 200, R"({"ok": false})", Verdict::kFailed},
      {"slack", 200, R"({"ok": )", Verdict::kRetry},
      {"telegram", 200, R"({"ok":true,"result":{}})", Verdict::kDelivered},
      {"telegram", 200, R"({"ok":false})", Verdict::kRetry},
      {"telegram", 400, R"({"ok":false})", Verdict::kRetry},
      {"rocketchat", 200, R"({"success":true})", Verdict::kDelivered},
      {"rocketchat", 200, R"({"success":false})", Verdict::kFailed},
      {"rocketchat", 200, "ok", Verdict::kRetry},
      {"wechat", 200, R"({"errcode":0})", Verdict::kDelivered},
      {"wechat", 200, R"({"errcode":42001})", Verdict::kRetry},
      {"wechat", 200, R"({"errcode":40001})", Verdict::kFailed},
      {"wechat", 403, "", Verdict::kRetry},
      {"jira", 429, "", Verdict::kRetry},
      {"jira", 400, "", Verdict::kFailed},
      {"incidentio", 429, "", Verdict::kRetry},
      {"discord", 429, "", Verdict::kFailed},
      {"discord", 204, "", Verdict::kDelivered},
      {"pushover", 500, "", Verdict::kRetry},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(judged(c.kind, c.status, c.body), c.verdict) << c.kind << ' ' << c.status << c.body;
  }
  EXPECT_EQ(judged("jira", 0, "", Answer::Kind::kLost), Verdict::kFailed);
  EXPECT_EQ(judged("sns", 0, "", Answer::Kind::kLost), Verdict::kRetry);
}

TEST(Payload, OwnHtmlMailEscapes) {
  const Result<Payload> payload = rendered("  email_configs: [{to: a@b.c}]", two_alerts());
  ASSERT_TRUE(payload.has_value()) << payload.error().message;
  const std::string& message = std::get<Mail>(*payload).message;
  EXPECT_NE(message.find("2 alerts for=20"), std::string::npos) << message;
  EXPECT_EQ(message.find("slow <b>"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::alerting
