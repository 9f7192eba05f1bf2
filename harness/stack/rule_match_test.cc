#include "harness/stack/rule_match.h"

#include <gtest/gtest.h>

namespace tocsin::stack {
namespace {

constexpr const char* kWanted = R"(
groups:
  - name: shop
    rules:
      - record: job:errors:rate5m
        expr: sum by (job) (rate(errors_total[5m]))
      - alert: Down
        expr: up == 0
        for: 1m
        labels: {severity: critical}
      - alert: Slow
        expr: latency > 1
        labels: {severity: warning}
      - alert: Slow
        expr: latency > 5
        labels: {severity: critical}
)";

RuleStatus loaded_rule(const std::string& name, const std::string& query, Duration hold,
                       std::map<std::string, std::string> labels, bool alerting = true) {
  RuleStatus rule;
  rule.name = name;
  rule.alerting = alerting;
  rule.query = query;
  rule.hold = hold;
  rule.labels = std::move(labels);
  return rule;
}

class RuleMatchTest : public testing::Test {
 protected:
  void SetUp() override {
    Diagnostics diagnostics;
    wanted_.push_back(rules::parse_rule_file("rules.yml", kWanted, diagnostics));
    ASSERT_TRUE(diagnostics.ok());
    GroupStatus& group = loaded_.emplace_back();
    group.name = "renamed";
    group.rules = {
        loaded_rule("Slow", "latency > 5", Duration(0), {{"severity", "critical"}}),
        loaded_rule("Down", "up==0", std::chrono::minutes(1), {{"severity", "critical"}}),
        loaded_rule("Slow", "latency > 1", Duration(0), {{"severity", "warning"}}),
        loaded_rule("job:errors:rate5m", "sum by(job) (rate(errors_total[5m]))", Duration(0), {},
                    false),
    };
  }

  std::vector<std::string> found() const {
    std::vector<std::string> lines;
    for (const RuleMismatch& one : mismatched_rules(wanted_, loaded_)) {
      lines.push_back(one.group + '/' + one.name + ' ' + one.what);
    }
    return lines;
  }

  using Lines = std::vector<std::string>;
  std::vector<rules::RuleFile> wanted_;
  std::vector<GroupStatus> loaded_;
};

TEST_F(RuleMatchTest, WritingAndGroupsDoNotMatter) {
  EXPECT_EQ(found(), Lines());
}

TEST_F(RuleMatchTest, TellsWhatDiffers) {
  loaded_[0].rules[1] = loaded_rule("Down", "up < 1", std::chrono::minutes(5), {});
  EXPECT_EQ(found(), (Lines{"shop/Down has the expression up < 1 instead of up == 0",
                            "shop/Down has for 5m instead of 1m",
                            "shop/Down has the labels {} instead of {severity=\"critical\"}"}));
}

TEST_F(RuleMatchTest, TellsWhatIsMissing) {
  loaded_[0].rules[1].name = "Dwon";
  loaded_[0].rules.pop_back();
  EXPECT_EQ(found(),
            (Lines{"shop/job:errors:rate5m is not loaded", "shop/Down is not loaded; Dwon is"}));
}

TEST_F(RuleMatchTest, EachIsTakenOnce) {
  loaded_[0].rules.erase(loaded_[0].rules.begin());
  EXPECT_EQ(found(), Lines{"shop/Slow is not loaded"});
}

}  // namespace
}  // namespace tocsin::stack
