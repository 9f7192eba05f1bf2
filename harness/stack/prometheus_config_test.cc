#include "harness/stack/prometheus_config.h"

#include <gtest/gtest.h>

#include "harness/yaml/parse.h"

namespace tocsin::stack {
namespace {

TEST(PrometheusConfig, SaysWhatTheSetupSays) {
  PrometheusSetup setup;
  setup.evaluation_interval = Duration(250);
  setup.external_labels = {{"cluster", "a\"b"}};
  setup.rule_files = {"/tmp/x/rules.yml"};
  setup.alertmanager = "http://127.0.0.1:9093/prefix";
  setup.unsent_alerts = {"Up(1)", "slow"};
  ScrapeJob job;
  job.name = "service-0-1";
  job.url = http::parse_url("http://127.0.0.1:8080/metrics?format=text&x=1").value();
  job.labels = {{"job", "shop"}, {"instance", "localhost:1"}, {"__v__", "1"}};
  job.interval = Duration(250);
  job.timeout = Duration(10'000);
  job.honor_labels = true;
  setup.jobs = {job};
  EXPECT_EQ(prometheus_config(setup), R"yaml(global:
  evaluation_interval: 250ms
  scrape_interval: 250ms
  scrape_timeout: 250ms
  external_labels: {"cluster": "a\"b"}
rule_files:
  - "/tmp/x/rules.yml"
alerting:
  alert_relabel_configs:
    - {source_labels: [alertname], regex: "Up\\(1\\)|slow", action: drop}
  alertmanagers:
    - scheme: http
      path_prefix: "/prefix"
      static_configs: [{targets: ["127.0.0.1:9093"]}]
scrape_configs:
  - job_name: "service-0-1"
    scrape_interval: 250ms
    scrape_timeout: 250ms
    scheme: http
    metrics_path: "/metrics"
    params: {"format": ["text"], "x": ["1"]}
    honor_labels: true
    static_configs:
      - {targets: ["127.0.0.1:8080"], labels: {"job": "shop", "instance": "localhost:1", "__v__": "1"}}
)yaml");
}

rules::RuleFile read(const std::string& text) {
  Diagnostics diagnostics;
  rules::RuleFile file = rules::parse_rule_file("rules.yml", text, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render() << text;
  return file;
}

TEST(RuleGroupFile, ReadsBackAsTheSameGroup) {
  const rules::RuleFile file = read(R"yaml(groups:
  - name: "odd \"name\""
    interval: 30s
    limit: 5
    rules:
      - record: job:errors:rate5m
        expr: sum by (job) (rate(errors_total{path!~"/a\\d+"}[5m]))
        labels: {team: '{{ x }}'}
      - alert: High
        expr: |
          job:errors:rate5m
            > 0.5
        for: 1m30s
        keep_firing_for: 500ms
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.job }} has \"{{ $value | humanize }}\"\nand more: ünïcode"
)yaml");
  const rules::RuleGroup& group = file.groups.front();
  const std::string written = rule_group_file(group);
  const rules::RuleFile file_again = read(written);
  const rules::RuleGroup& again = file_again.groups.front();
  EXPECT_EQ(rule_group_file(again), written);
  EXPECT_EQ(again.name, "odd \"name\"");
  EXPECT_EQ(again.interval, std::chrono::seconds(30));
  EXPECT_EQ(again.limit, 5);
  ASSERT_EQ(again.rules.size(), 2U);
  EXPECT_EQ(again.rules[1].expression.text, group.rules[1].expression.text);
  EXPECT_EQ(again.rules[1].hold, std::chrono::seconds(90));
  EXPECT_EQ(again.rules[1].keep_firing_for, Duration(500));
  EXPECT_EQ(again.rules[1].annotations.front().second.text,
            group.rules[1].annotations.front().second.text);
  EXPECT_EQ(read(rule_group_file(group, std::chrono::hours(1))).groups.front().interval,
            std::chrono::hours(1));
}

TEST(RuleGroupFile, IdleGroupsAreReadable) {
  EXPECT_EQ(read(idle_group_file("g: x", Duration(250))).groups.front().name, "g: x");
}

}  // namespace
}  // namespace tocsin::stack
