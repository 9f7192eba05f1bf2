#include "harness/run/rule_scale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RuleFiles parse(const std::string& text) {
  Diagnostics diagnostics;
  RuleFiles files;
  files.push_back(rules::parse_rule_file("rules.yml", text, diagnostics));
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  return files;
}

RuleFiles one_rule(const std::string& expression, const std::string& more = "") {
  return parse("groups: [{name: g, rules: [{alert: A, expr: '" + expression + "'" + more + "}]}]");
}

TEST(RuleScale, DividesEveryDuration) {
  const RuleFiles files = parse(R"(
groups:
  - name: g
    interval: 30s
    query_offset: 1m
    rules:
      - record: r
        expr: rate(x[5m] offset 1h)
      - alert: A
        expr: max_over_time(r[10m:1m]) > 0.05
        for: 5m
        keep_firing_for: 2m
        labels: {severity: page}
        annotations: {summary: "{{ $value }}"}
)");
  const ScaledRules scaled = scale_rules(files, 60).value();
  EXPECT_THAT(scaled.unscaled, IsEmpty());
  const rules::RuleGroup& group = scaled.files.at(0).groups.at(0);
  EXPECT_EQ(group.interval, milliseconds(500));
  EXPECT_EQ(group.query_offset, seconds(1));
  EXPECT_EQ(group.rules[0].expression.text, "rate(x[5s] offset 1m)");
  const rules::Rule& alert = group.rules[1];
  EXPECT_EQ(alert.expression.text, "max_over_time(r[10s:1s]) > 0.05");
  EXPECT_EQ(alert.hold, seconds(5));
  EXPECT_EQ(alert.keep_firing_for, seconds(2));
  EXPECT_EQ(alert.name, "A");
  EXPECT_EQ(alert.labels.at(0).second.text, "page");
  EXPECT_EQ(alert.annotations.at(0).second.text, "{{ $value }}");
  EXPECT_EQ(alert.pos, files[0].groups[0].rules[1].pos);
}

TEST(RuleScale, NamesWhatHasSecondsOfItsOwn) {
  EXPECT_THAT(scale_rules(one_rule("time() - x > 300"), 60).value().unscaled,
              ElementsAre("rule A: time() was left as it is by the time scale"));
  EXPECT_THAT(scale_rules(one_rule("predict_linear(x[1h], 14400) < 0"), 60).value().unscaled,
              ElementsAre(HasSubstr("predict_linear()")));
  EXPECT_THAT(scale_rules(one_rule("increase(x[1h]) > 5"), 60).value().unscaled,
              ElementsAre(HasSubstr("the amount of increase()")));
  const RuleFiles templated =
      one_rule("up", R"(, annotations: {summary: "{{ query \"rate(x[5m])\" | first | value }}"})");
  EXPECT_THAT(scale_rules(templated, 60).value().unscaled,
              ElementsAre("rule A: the query in summary was left as it is by the time scale"));
  EXPECT_THAT(scale_rules(templated, 1).value().unscaled, IsEmpty());
  EXPECT_THAT(scale_rules(one_rule("time() - x > 300"), 1).value().unscaled, IsEmpty());
}

TEST(RuleScale, RefusesWindowsBelowAMillisecond) {
  const auto scaled = scale_rules(one_rule("rate(x[5s]) > 1"), 20'000);
  ASSERT_TRUE(scaled.has_error());
  EXPECT_THAT(scaled.error().message, HasSubstr("falls below a millisecond"));
  EXPECT_THAT(scaled.error().context, ElementsAre("in rule A"));
  EXPECT_EQ(scaled.error().pos.file, "rules.yml");
}

TEST(RuleScale, RoundsToTheMillisecondButNeverToNothing) {
  EXPECT_EQ(scaled(Duration(0), 60), Duration(0));
  EXPECT_EQ(scaled(minutes(5), 60), seconds(5));
  EXPECT_EQ(scaled(seconds(15), 7), milliseconds(2143));
  EXPECT_EQ(scaled(milliseconds(1), 1e6), milliseconds(1));
  EXPECT_EQ(scaled(seconds(1), 0.5), seconds(2));
}

}  // namespace
}  // namespace tocsin::run
