#include "harness/run/told_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::run {
namespace {

using ::testing::HasSubstr;

alerting::Notification slow_checkout(bool firing) {
  alerting::Notification told;
  told.receiver = "all";
  told.group_key = R"({}:{alertname="SlowCheckout"})";
  told.group_labels = {{"alertname", "SlowCheckout"}};
  alerting::NotifiedAlert alert;
  alert.labels = told.group_labels.with("severity", "critical");
  alert.starts_at = from_ms(1'000'000);
  if (!firing) alert.ends_at = from_ms(2'000'000);
  auto text = std::make_shared<alerting::AlertText>();
  text->annotations = {{"runbook", "http://rb/slow"}, {"summary", "9 s < 10 s"}};
  alert.text = text;
  told.alerts.push_back(alert);
  return told;
}

ToldText told(const std::string& integration, bool firing) {
  const std::string text =
      "global: {smtp_smarthost: 'mail:25', smtp_from: am@example.org}\n"
      "route: {receiver: all}\nreceivers: [{name: all, " +
      integration + "}]\n";
  Diagnostics diagnostics;
  const auto config = alerting::parse_config("am.yml", text, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  alerting::PayloadContext context;
  context.missing_secret = alerting::MissingSecret::kMadeUp;
  const auto result = told_text(slow_checkout(firing), config->receivers[0].integrations[0],
                                context, from_ms(3'000'000));
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return result.has_value() ? *result : ToldText();
}

/// Every service reads what Alertmanager's default texts say, and is content.
TEST(ToldText, OfEveryKind) {
  const char* const integrations[] = {
      "discord_configs: [{webhook_url: 'http://d/x'}]",
      "email_configs: [{to: a@b.c}]",
      "incidentio_configs: [{url: 'http://i', alert_source_token: t}]",
      "jira_configs: [{api_url: 'http://j/rest/api/2', project: P, issue_type: B}]",
      "mattermost_configs: [{webhook_url: 'http://m'}]",
      "msteams_configs: [{webhook_url: 'http://t'}]",
      "msteamsv2_configs: [{webhook_url: 'http://t'}]",
      "opsgenie_configs: [{api_key: k, update_alerts: true}]",
      "pagerduty_configs: [{routing_key_file: /nowhere/key}]",
      "pagerduty_configs: [{service_key: s}]",
      "pushover_configs: [{user_key: u, token: t}]",
      "sns_configs: [{topic_arn: t}]",
      "telegram_configs: [{bot_token: '1:A', chat_id: -5}]",
      "victorops_configs: [{api_key: k, routing_key: r}]",
      "webex_configs: [{room_id: r, http_config: {authorization: {credentials: c}}}]",
      "webhook_configs: [{url_file: /nowhere/url}]",
      "wechat_configs: [{api_secret: s, corp_id: c}]",
  };
  for (const char* integration : integrations) {
    SCOPED_TRACE(integration);
    for (const bool firing : {true, false}) {
      const ToldText text = told(integration, firing);
      EXPECT_EQ(text.answer.status / 100, 2);
      EXPECT_EQ(text.answer.error, "");
      // Opsgenie is told to close an alert, and nothing of it.
      const bool closes = std::string_view(integration).starts_with("opsgenie") && !firing;
      if (closes) continue;
      EXPECT_THAT(text.title + text.text, HasSubstr("SlowCheckout"));
      EXPECT_THAT(text.text, HasSubstr("http://rb/slow"));
    }
  }
}

TEST(ToldText, OfThoseThatHaveATitleOnly) {
  EXPECT_EQ(told("slack_configs: [{api_url: 'http://s'}]", true).title,
            "[FIRING:1] SlowCheckout (critical)");
  EXPECT_EQ(told("rocketchat_configs: [{token: t, token_id: i, channel: c}]", false).title,
            "[RESOLVED] SlowCheckout (critical)");
}

/// What is new is told as it is made, not as it would be updated.
TEST(ToldText, OfNewIssues) {
  const std::string summary = "summary: {template: 'S {{ .Status }}', enable_update: false}";
  const std::string jira = "jira_configs: [{api_url: 'http://j/rest/api/2', project: P, ";
  EXPECT_EQ(told(jira + "issue_type: B, " + summary + "}]", true).title, "S firing");
}

TEST(ToldText, WhatTheServiceWouldRefuse) {
  const ToldText text = told("rocketchat_configs: [{token: t, token_id: i}]", true);
  EXPECT_EQ(text.answer.status, 400);
  EXPECT_EQ(text.answer.error, "[invalid-channel]");
}

}  // namespace
}  // namespace tocsin::run
