#include "harness/alerting/config.h"

#include <gtest/gtest.h>

namespace tocsin::alerting {
namespace {

std::shared_ptr<const Config> good(const std::string& text) {
  Diagnostics diagnostics;
  std::shared_ptr<const Config> config = parse_config("am.yml", text, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  return config;
}

std::string refused(const std::string& text) {
  Diagnostics diagnostics;
  parse_config("am.yml", text, diagnostics);
  return diagnostics.render();
}

TEST(Config, EveryMistakeAtItsPlace) {
  EXPECT_EQ(refused(R"(route:
  receiver: pagr
  grup_by: [x]
  group_interval: 0s
  routes:
    - matchers: ['a="b', 'x=~"("']
      repeat_interval: 5x
receivers:
  - name: pager
    webhook_configs:
      - url: ftp://example.org
        send_resolved: maybe
)"),
            R"(am.yml:2:13: error: undefined receiver "pagr" used in route
      receiver: pagr
                ^~~~
  hint: did you mean "pager"?
am.yml:3:3: error: field grup_by not found in a route
      grup_by: [x]
      ^~~~~~~
  hint: did you mean "group_by"?
am.yml:4:19: error: group_interval cannot be zero
      group_interval: 0s
                      ^~
am.yml:6:21: error: matcher value contains unescaped double quote: "b
        - matchers: ['a="b', 'x=~"("']
                        ^~
am.yml:6:30: error: invalid regular expression "(": missing closing ): (
        - matchers: ['a="b', 'x=~"("']
                                 ^~~
am.yml:7:24: error: not a valid duration string: "5x"
          repeat_interval: 5x
                           ^~
am.yml:11:14: error: url: unsupported scheme "ftp" for URL
am.yml:12:24: error: send_resolved must be true or false, not text
            send_resolved: maybe
                           ^~~~~
8 errors
)");
}

TEST(Config, RoutesInheritAndHaveKeys) {
  const auto config = good(R"(
route:
  receiver: a
  group_by: ['...']
  group_wait: 10s
  routes:
    - match: {severity: critical}
      match_re: {team: 'x|y'}
      group_by: []
      continue: true
      routes:
        - matchers: [zone="1"]
          group_wait: 0s
    - matchers: [severity="critical"]
      receiver: b
receivers: [{name: a}, {name: b}]
)");
  const Route& root = config->route;
  EXPECT_TRUE(root.group_by_all);
  EXPECT_EQ(root.key, "{}");
  const Route& child = root.routes[0];
  EXPECT_FALSE(child.group_by_all);
  EXPECT_EQ(child.key, R"({}/{severity="critical",team=~"^(?:x|y)$"})");
  EXPECT_EQ(child.routes[0].key, child.key + R"(/{zone="1"})");
  EXPECT_EQ(child.routes[0].id, R"({}/{severity="critical",team=~"^(?:x|y)$"}/0/{zone="1"}/0)");
  EXPECT_FALSE(child.routes[0].continues);
  EXPECT_EQ(child.routes[0].group_wait, Duration(0));
  EXPECT_EQ(child.group_wait, std::chrono::seconds(10));
  EXPECT_EQ(root.routes[1].receiver, "b");
  EXPECT_EQ(root.index, 3U);
  const Labels alert = {{"severity", "critical"}, {"team", "x"}, {"zone", "1"}};
  std::vector<std::string> keys;
  for (const Route* route : root.match(alert)) keys.push_back(route->receiver);
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "b"}));
}

TEST(Config, IntegrationsTakeFromGlobal) {
  const auto config = good(R"(
global:
  slack_api_url: https://hooks.example/T/B/x
  smtp_smarthost: mail.example:587
  smtp_from: am@example.org
  smtp_require_tls: false
route: {receiver: a}
receivers:
  - name: a
    slack_configs: [{channel: '#x'}, {api_url: 'https://own.example/', title: ''}]
    email_configs: [{to: x@example.org, send_resolved: true}]
    webhook_configs: [{url: 'http://h/', timeout: 1500ms}]
)");
  const std::vector<Integration>& all = config->receivers[0].integrations;
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].kind, "webhook");
  EXPECT_EQ(all[0].timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(all[1].kind, "email");
  EXPECT_TRUE(all[1].send_resolved);
  EXPECT_EQ(all[1].text("smarthost"), "mail.example:587");
  EXPECT_FALSE(all[1].flag("require_tls", true));
  EXPECT_EQ(all[2].text("api_url"), "https://hooks.example/T/B/x");
  EXPECT_EQ(all[2].text("title", "default"), "default");
  EXPECT_FALSE(all[2].send_resolved);
  EXPECT_EQ(all[3].text("title", "default"), "");
  EXPECT_EQ(all[3].index, 1U);
}

TEST(Config, SecretsAreMasked) {
  const auto config = good(R"(
global: {slack_api_url: 'https://hooks.example/T/secret', smtp_auth_password: hidden}
route: {receiver: a}
receivers:
  - name: a
    pagerduty_configs: [{routing_key: hidden, severity: warning}]
    webhook_configs:
      - url: http://user:hidden@h/
        http_config: {basic_auth: {username: u, password: hidden}}
)");
  EXPECT_EQ(masked_yaml(*config), R"(global:
  slack_api_url: <secret>
  smtp_auth_password: <secret>
route:
  receiver: a
receivers:
- name: a
  pagerduty_configs:
  - routing_key: <secret>
    severity: warning
  webhook_configs:
  - url: <secret>
    http_config:
      basic_auth:
        username: u
        password: <secret>
)");
}

TEST(Config, WarnsOfTheOldGrammar) {
  const auto config = good(R"(
route:
  receiver: a
  routes: [{matchers: ['a=b c']}]
receivers: [{name: a}]
)");
  ASSERT_EQ(config->warnings.size(), 1U);
  EXPECT_EQ(config->warnings[0].hints[0], R"(write a="b c")");
}

/// Found by compare_configs.py beside amtool 0.33.1.
TEST(Config, TakenAndRefusedAsByAmtool) {
  struct Case {
    const char* http;  ///< of `global`
    const char* receiver;
    const char* problem;
  };
  const char* const hook = "webhook_configs: [{url: 'http://h'}]";
  const char* const webex = "webex_configs: [{room_id: r, http_config: {bearer_token_file: f}}]";
  const Case cases[] = {
      {"{http_headers: {X: {value: a}}}", hook, "field value not found in a header"},
      {"{http_headers: {X: {values: a}}}", hook, "values must be a list of texts"},
      {"{http_headers: {X: [a]}}", hook, "a header of http_headers must be a mapping"},
      {"{http_headers: {X: {files: [a]}}}", hook, ""},
      {"{proxy_url: ':p'}", hook, "proxy_url: not a valid URL: missing protocol scheme"},
      {"{proxy_url: 'http://a b'}", hook, R"(invalid character " " in host name)"},
      {"{proxy_url: '%zz'}", hook, R"(invalid URL escape "%zz")"},
      {"{proxy_url: 'a:b/c'}", hook, ""},
      {"{proxy_url: '1:b'}", hook, "first path segment in URL cannot contain colon"},
      {"{proxy_url: p, proxy_connect_header: {X: a}}", hook, "X must be a list of texts"},
      {"{proxy_url: p, proxy_connect_header: {X: [a]}}", hook, ""},
      {"{tls_config: {min_version: ''}}", hook, "unknown TLS version: "},
      {"{authorization: {type: ' basic '}}", hook,
       R"(authorization type cannot be set to "basic")"},
      {"{}", webex, ""},
      {"{}", "webhook_configs: [{url: 'http://h', max_alerts: 0x10}]", ""},
      {"{}", "webhook_configs: [{url: 'http://h', max_alerts: 0b11}]", ""},
      {"{}", "webhook_configs: [{url: 'http://h', max_alerts: 0x}]", "max_alerts must be"},
      {"{}",
       "mattermost_configs: [{webhook_url: 'http://h', attachments: [{fields: [{title: t}]}]}]",
       "missing value in Mattermost field configuration"},
      {"{}", "rocketchat_configs: [{token: '', token_id: ''}]", ""},
      {"{}", "rocketchat_configs: [{token: ''}]", "no global Rocketchat TokenID set"},
      {"{}", "opsgenie_configs: [{api_key: k, responders: [{name: n, type: '{{ .X'}]}]",
       "type contains invalid template syntax"},
  };
  for (const Case& c : cases) {
    const std::string problems =
        refused(std::string("global: {http_config: ") + c.http +
                "}\nroute: {receiver: r}\nreceivers:\n- name: r\n  " + c.receiver + '\n');
    if (*c.problem == '\0') {
      EXPECT_EQ(problems, "") << c.http << c.receiver;
    } else {
      EXPECT_NE(problems.find(c.problem), std::string::npos) << c.http << c.receiver << '\n'
                                                             << problems;
    }
  }
}

TEST(Config, HostileTextsAreRefused) {
  for (const char* text : {"", "[]", "x", "route: []", "receivers: {a: b}", "route: {routes: [~]}",
                           "a: &a [*a]", "\xff", "? {a: b}\n: c", "route: {receiver: [a]}"}) {
    EXPECT_NE(refused(text), "") << text;
  }
}

}  // namespace
}  // namespace tocsin::alerting
