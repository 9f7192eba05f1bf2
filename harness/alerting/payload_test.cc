#include "harness/alerting/payload.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

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
Result<Payload> rendered(const std::string& integration, const Notification& told) {
  const std::string text =
      "global: {smtp_smarthost: 'mail:25', smtp_from: am@example.org}\n"
      "route: {receiver: all}\nreceivers:\n- name: all\n" +
      integration;
  Diagnostics diagnostics;
  const auto config = parse_config("am.yml", text, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  return render_payload(told, config->receivers[0].integrations[0], context(), kNow);
}

/// The method, URL, headers and body of each request, or the mail, as in testdata/payloads.
std::string shown(const Payload& payload) {
  if (const auto* mail = std::get_if<Mail>(&payload)) {
    std::string text = "MAIL FROM:<" + mail->from + ">\n";
    for (const std::string& to : mail->to) text += "RCPT TO:<" + to + ">\n";
    text += mail->message;
    std::erase(text, '\r');
    return text;
  }
  std::string text;
  for (const HttpRequest& request : std::get<std::vector<HttpRequest>>(payload)) {
    text += request.method + ' ' + request.url + '\n';
    for (const auto& [name, value] : request.headers) text += name + ": " + value + '\n';
    text += '\n' + request.body;
  }
  return text;
}

/// testdata/payloads: whether the alerts fire, the integration, a blank line, what is sent. Held
/// against a real Alertmanager with the same configuration and alerts by compare_payloads.py, and
/// against captures of 0.25.
TEST(Payload, AsAlertmanagerSendsThem) {
  const std::filesystem::path folder =
      std::filesystem::path(TOCSIN_SOURCE_DIR) / "harness/alerting/testdata/payloads";
  std::size_t cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path());
    ++cases;
    const std::string text = read_file(entry.path().string()).value();
    const std::size_t line = text.find('\n');
    const std::size_t blank = text.find("\n\n");
    const std::string state = text.substr(0, line);
    ASSERT_TRUE(state == "firing" || state == "resolved");
    const Result<Payload> payload = rendered("  " + text.substr(line + 1, blank - line),
                                             state == "resolved" ? one_resolved() : two_alerts());
    ASSERT_TRUE(payload.has_value()) << payload.error().message;
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
      const std::string updated = text.substr(0, blank + 2) + shown(*payload);
      ASSERT_TRUE(write_file_atomically(entry.path().string(), updated).has_value());
    } else {
      EXPECT_EQ(shown(*payload), text.substr(blank + 2));
    }
  }
  EXPECT_GT(cases, 0U);
}

TEST(Payload, FailuresAreFinal) {
  EXPECT_EQ(rendered("  webhook_configs: [{url: 'http://h/{{ .Nothing }}'}]", two_alerts())
                .error()
                .message,
            "executing \"\" at <.Nothing>: can't evaluate field Nothing in type *template.Data");
  EXPECT_EQ(rendered("  email_configs: [{to: nobody}]", two_alerts()).error().message,
            "parse 'to' addresses: mail: missing '@' or angle-addr");
  EXPECT_FALSE(has_payload("telegram"));
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
