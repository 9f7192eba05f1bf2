#include "harness/stack/alertmanager_config.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/scratch_folder.h"

namespace tocsin::stack {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kConfig = R"yaml(
global:
  resolve_timeout: 10m
  smtp_smarthost: mail.example.org:587
  smtp_from: alerts@example.org
  smtp_auth_password_file: smtp-password
  slack_api_url_file: /etc/slack-url
  http_config: {proxy_url: "http://proxy.example.org:3128", follow_redirects: false}
templates: ["*.tmpl"]
route:
  receiver: team
  group_by: [alertname]
  group_interval: 10m
  routes:
    - matchers: [severity = critical]
      receiver: pager
      group_wait: 0s
      repeat_interval: 2h
      mute_time_intervals: [weekend]
    - {receiver: nobody, matchers: ['team="x"']}
receivers:
  - name: team
    slack_configs:
      - {channel: "#a", title: "{{ .CommonLabels.alertname }}"}
      - {channel: "#b", api_url: "https://hooks.slack.example.org/T/B/secret"}
    email_configs: [{to: "a@example.org"}]
  - name: pager
    pagerduty_configs: [{routing_key_file: missing-key, url: "https://events.example.org/v2"}]
    webhook_configs:
      - url_file: /etc/webhook-url
        http_config: {oauth2: {client_id: x, client_secret: y, token_url: "https://t.example.org"}}
    pushover_configs: [{user_key: u, token: t}]
  - name: nobody
time_intervals: [{name: weekend, time_intervals: [{weekdays: [saturday, sunday]}]}]
)yaml";

class Rewritten : public testing::Test {
 protected:
  std::shared_ptr<const alerting::Config> rewrite(double scale) {
    folder_.write("alertmanager.yml", kConfig);
    folder_.write("smtp-password", "hunter2\n");
    Diagnostics diagnostics;
    const auto config = alerting::load_config(folder_.path("alertmanager.yml"), diagnostics);
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
    ReceiverAddresses addresses;
    addresses.url = [](const std::string& receiver, const std::string& kind, std::size_t index) {
      return fmt::format("http://127.0.0.1:8/{}/{}/{}", receiver, kind, index);
    };
    addresses.mail = [](const std::string&, const std::string&, std::size_t) {
      return std::string("127.0.0.1:25");
    };
    result_ = rewrite_config(*config, addresses, scale);
    auto again = alerting::parse_config(folder_.path("new.yml"), result_.text, diagnostics);
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.render() << result_.text;
    return again;
  }

  ScratchFolder folder_;
  RewrittenConfig result_;
};

TEST_F(Rewritten, NobodyElseIsTold) {
  const auto config = rewrite(1);
  EXPECT_THAT(result_.text, Not(HasSubstr("example.org:")));
  EXPECT_THAT(result_.text, Not(HasSubstr("https://")));
  EXPECT_THAT(result_.text, Not(HasSubstr("proxy")));
  const alerting::Receiver& team = *config->find_receiver("team");
  ASSERT_EQ(team.integrations.size(), 3U);
  const alerting::Receiver& pager = *config->find_receiver("pager");
  std::vector<std::string> told;
  for (const auto* receiver : {&team, &pager}) {
    for (const alerting::Integration& one : receiver->integrations) {
      for (const char* key : {"url", "api_url", "smarthost"}) {
        if (one.has(key)) told.push_back(one.kind + ' ' + one.text(key));
      }
    }
  }
  EXPECT_THAT(told,
              testing::UnorderedElementsAre(
                  "slack http://127.0.0.1:8/team/slack/0", "slack http://127.0.0.1:8/team/slack/1",
                  "email 127.0.0.1:25", "webhook http://127.0.0.1:8/pager/webhook/0",
                  "pagerduty http://127.0.0.1:8/pager/pagerduty/0"));
  EXPECT_THAT(result_.text, HasSubstr("hunter2"));
  EXPECT_THAT(
      result_.left_out,
      ElementsAre("receiver pager: routing_key_file cannot be read here; a made-up secret "
                  "stands for it",
                  "receiver pager: pushover cannot be pointed at our receivers and was left "
                  "out"));
  EXPECT_THAT(config->templates, ElementsAre(folder_.path("*.tmpl")));
}

/// The text of a configuration of one receiver, rewritten and read again.
struct Again {
  Again(const std::string& global, const std::string& receiver, ReceiverAddresses addresses = {}) {
    addresses.url = [](const std::string&, const std::string& kind, std::size_t) {
      return "http://here/" + kind;
    };
    addresses.mail = [](const std::string&, const std::string&, std::size_t) {
      return std::string("here:25");
    };
    const std::string text = "global: {" + global +
                             "}\nroute: {receiver: r}\nreceivers: [{name: r, " + receiver + "}]\n";
    Diagnostics diagnostics;
    const auto config = alerting::parse_config("a.yml", text, diagnostics);
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
    result = rewrite_config(*config, addresses, 1);
    const auto parsed = alerting::parse_config("b.yml", result.text, diagnostics);
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.render() << result.text;
    again = *parsed;
    redirect_fixed(again, addresses);
  }
  const alerting::Integration& one() const { return again.receivers.at(0).integrations.at(0); }

  RewrittenConfig result;
  alerting::Config again;
};

TEST(RewrittenConfig, SlacksTokens) {
  const Again own("", "slack_configs: [{app_token: t, channel: c}]");
  EXPECT_EQ(own.one().text("app_url"), "http://here/slack");
  EXPECT_FALSE(own.one().has("api_url"));
  const Again inherited("slack_app_token: t", "slack_configs: [{channel: c}]");
  EXPECT_EQ(inherited.one().text("app_url"), "http://here/slack");
  EXPECT_EQ(inherited.one().text("app_token"), "t");
  const Again updates(
      "",
      "slack_configs: [{api_url: 'https://slack.com/api/chat.postMessage', update_message: true}]");
  EXPECT_EQ(updates.one().text("api_url"), "http://here/slack");
}

TEST(RewrittenConfig, ThoseThatKnowOnePlaceOnly) {
  const char* const receiver =
      "pagerduty_configs: [{service_key: S}], pushover_configs: [{user_key: u, token: t}]";
  const Again real("", receiver);
  ASSERT_EQ(real.again.receivers[0].integrations.size(), 1U);
  EXPECT_EQ(real.one().text("routing_key"), "S");
  EXPECT_FALSE(real.one().has("service_key"));
  EXPECT_EQ(real.one().text("url"), "http://here/pagerduty");
  EXPECT_THAT(real.result.left_out, testing::SizeIs(2));
  ReceiverAddresses all;
  all.fixed_ones = true;
  const Again embedded("", receiver, all);
  ASSERT_EQ(embedded.again.receivers[0].integrations.size(), 2U);
  EXPECT_EQ(embedded.one().text("service_key"), "S");
  EXPECT_EQ(embedded.one().address, "http://here/pagerduty");
  EXPECT_EQ(embedded.again.receivers[0].integrations[1].address, "http://here/pushover");
  EXPECT_THAT(embedded.result.left_out, IsEmpty());
}

TEST(RewrittenConfig, CredentialsThatAreNotHere) {
  const Again sns("", "sns_configs: [{topic_arn: t, sigv4: {profile: p, role_arn: r}}]");
  EXPECT_THAT(sns.result.text, HasSubstr("not-here"));
  EXPECT_THAT(sns.result.text, Not(HasSubstr("role_arn")));
  const Again incident(
      "",
      "incidentio_configs: [{url: 'http://x', http_config: {oauth2: {client_id: a, "
      "token_url: 'http://t', client_secret: s}}, alert_source_token: t}]");
  EXPECT_EQ(incident.one().text("url"), "http://here/incidentio");
}

TEST(RewrittenConfig, MailAsItWasMeant) {
  const char* const global =
      "smtp_smarthost: 'mail:465', smtp_from: a@b, smtp_tls_config: {ca_file: /nowhere}, "
      "smtp_force_implicit_tls: true";
  const Again plain(global, "email_configs: [{to: c@d}]");
  EXPECT_FALSE(wants_implicit_tls(plain.one()));
  EXPECT_THAT(plain.result.text, Not(HasSubstr("/nowhere")));
  ReceiverAddresses addresses;
  addresses.implicit_tls = true;
  addresses.mail_authority = "/run/authority.pem";
  const Again implicit(global, "email_configs: [{to: c@d}]", addresses);
  EXPECT_TRUE(wants_implicit_tls(implicit.one()));
  EXPECT_THAT(implicit.result.text, HasSubstr("/run/authority.pem"));
  const Again usual("smtp_smarthost: 'mail:587', smtp_from: a@b", "email_configs: [{to: c@d}]",
                    addresses);
  EXPECT_FALSE(wants_implicit_tls(usual.one()));
}

TEST_F(Rewritten, TimesAreAsTheyWere) {
  const auto config = rewrite(1);
  EXPECT_EQ(config->resolve_timeout, minutes(10));
  EXPECT_EQ(config->route.group_wait, seconds(30));
  EXPECT_EQ(config->route.group_interval, minutes(10));
  EXPECT_THAT(result_.unscaled, IsEmpty());
}

TEST_F(Rewritten, TimesAreScaled) {
  const auto config = rewrite(60);
  EXPECT_EQ(config->resolve_timeout, seconds(10));
  EXPECT_EQ(config->route.group_wait, Duration(500));
  EXPECT_EQ(config->route.group_interval, seconds(10));
  EXPECT_EQ(config->route.repeat_interval, minutes(4));
  EXPECT_EQ(config->route.routes[0].group_wait, seconds(0));
  EXPECT_EQ(config->route.routes[0].group_interval, seconds(10));
  EXPECT_EQ(config->route.routes[0].repeat_interval, minutes(2));
  EXPECT_EQ(config->route.routes[1].repeat_interval, minutes(4));
  EXPECT_THAT(result_.unscaled, ElementsAre("time interval weekend goes by the calendar, which the "
                                            "time scale leaves as it is"));
}

}  // namespace
}  // namespace tocsin::stack
