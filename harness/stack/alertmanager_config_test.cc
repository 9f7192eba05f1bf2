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
