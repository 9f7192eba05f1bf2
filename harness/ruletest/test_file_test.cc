#include "harness/ruletest/test_file.h"

#include <gtest/gtest.h>

#include "harness/rules/case_file.h"

namespace tocsin::ruletest {
namespace {

/// Errors, a line each.
std::string said(const std::string& yaml) {
  Diagnostics diagnostics;
  parse_test_file("", yaml, {}, diagnostics);
  std::string text;
  for (const Error& error : diagnostics.sorted()) text += to_string(error) + '\n';
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

TEST(TestFile, SaysWhatIsWrongAndWhere) {
  for (const rules::Case& each : rules::read_cases("../../ruletest/testdata/test_files.cases")) {
    SCOPED_TRACE(each.where);
    EXPECT_EQ(said(each.input), each.expected);
  }
}

TEST(TestFile, ReadsEverything) {
  Diagnostics diagnostics;
  const TestFile file = parse_test_file("t.yml",
                                        "rule_files: [a.yml, b/*.yml]\n"
                                        "evaluation_interval: 30s\n"
                                        "group_eval_order: [b, a]\n"
                                        "fuzzy_compare: true\n"
                                        "tests:\n"
                                        "- interval: 15s\n"
                                        "  start_timestamp: 1970-01-01T01:00:00Z\n"
                                        "  external_labels: {zone: x}\n"
                                        "  external_url: http://here\n"
                                        "  x-tocsin: {exp_annotations: partial}\n"
                                        "  input_series:\n"
                                        "  - series: up{i=\"${counter}\"}\n"
                                        "    values: 1+0x9\n"
                                        "    x-tocsin: {repeat: 3}\n"
                                        "  alert_rule_test:\n"
                                        "  - eval_time: 1m\n"
                                        "    alertname: A\n"
                                        "    exp_alerts: [{exp_labels: {a: b}}]\n"
                                        "  promql_expr_test:\n"
                                        "  - {expr: count(up), eval_time: 2m,\n"
                                        "     exp_samples: [{labels: '{}', value: 3}]}\n",
                                        {}, diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.render();
  ASSERT_EQ(file.rule_files.size(), 2u);
  EXPECT_EQ(to_string(file.rule_files[1].pos), "t.yml:1:21");
  EXPECT_EQ(file.evaluation_interval, std::chrono::seconds(30));
  EXPECT_EQ(file.group_eval_order, (std::vector<std::string>{"b", "a"}));
  EXPECT_TRUE(file.fuzzy_compare);
  ASSERT_EQ(file.groups.size(), 1u);
  const TestGroup& group = file.groups[0];
  EXPECT_EQ(group.name, "unnamed#0");
  EXPECT_EQ(group.interval, std::chrono::seconds(15));
  EXPECT_EQ(group.start, from_ms(3'600'000));
  EXPECT_EQ(group.external_url, "http://here");
  EXPECT_EQ(group.inputs->size(), 3u);
  EXPECT_TRUE(group.inputs->has(Labels{{"__name__", "up"}, {"i", "2"}}));
  EXPECT_EQ(group.last_eval_time(), std::chrono::minutes(2));
  ASSERT_EQ(group.alerts.size(), 1u);
  EXPECT_EQ(group.alerts[0].labels, Match::kExact);
  EXPECT_EQ(group.alerts[0].annotations, Match::kPartial);
  EXPECT_EQ(group.alerts[0].expected.at(0).labels.size(), 2u);
  ASSERT_EQ(group.expressions.size(), 1u);
  EXPECT_EQ(group.expressions[0].expected.at(0).value, 3);
}

TEST(TestFile, ChoosesByName) {
  Diagnostics diagnostics;
  const TestFile file = parse_test_file(
      "t.yml", "tests: [{name: one}, {name: two}, {}, {name: twenty}]", {"^tw", "^$"}, diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.render();
  ASSERT_EQ(file.groups.size(), 3u);
  EXPECT_EQ(file.groups[1].name, "unnamed#2");
  EXPECT_EQ(file.left_out, 1u);
}

}  // namespace
}  // namespace tocsin::ruletest
