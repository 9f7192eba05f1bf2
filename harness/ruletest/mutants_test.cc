#include "harness/ruletest/mutants.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "harness/rules/case_file.h"

namespace tocsin::ruletest {
namespace {

/// How many lines stand before the rule, and characters before each of its lines.
constexpr int kLinesBefore = 3;
constexpr int kIndentation = 4;

rules::RuleFile mutants_rules_in(const std::string& rule) {
  std::string text = "groups:\n- name: g\n  rules:\n  - ";
  for (const char c : rule) {
    text += c;
    if (c == '\n') text.append(kIndentation, ' ');
  }
  Diagnostics diagnostics;
  rules::RuleFile file = rules::parse_rule_file("", text, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  return file;
}

/// A line a mutant, with its place in the rule.
std::string listed(const rules::Rule& rule) {
  std::string text;
  for (const Mutant& mutant : mutants_of(rule).all) {
    if (!text.empty()) text += '\n';
    text += std::to_string(mutant.pos.line - kLinesBefore) + ':' +
            std::to_string(mutant.pos.column - kIndentation) + ' ' +
            words_of(mutant.what, mutant.before, mutant.after);
  }
  return text;
}

/// What the rule is when all is said that a mutant may change.
std::string whole(const rules::Rule& rule) {
  std::string text = promql::print(*rule.expression.root) + '\n';
  text += format_duration(rule.hold) + '\n' + format_duration(rule.keep_firing_for) + '\n';
  for (const auto& [name, value] : rule.labels) text += name + '=' + value.text + '\n';
  return text;
}

std::vector<rules::Case> mutant_cases() {
  return rules::read_cases("../../ruletest/testdata/mutants.cases");
}

TEST(Mutants, AreThese) {
  for (const rules::Case& each : mutant_cases()) {
    SCOPED_TRACE(each.where);
    const rules::RuleFile file = mutants_rules_in(each.input);
    EXPECT_EQ(listed(file.groups.at(0).rules.at(0)), each.expected);
  }
}

TEST(Mutants, DifferFromTheRuleAndFromEachOther) {
  for (const rules::Case& each : mutant_cases()) {
    SCOPED_TRACE(each.where);
    const rules::RuleFile file = mutants_rules_in(each.input);
    const rules::Rule& rule = file.groups.at(0).rules.at(0);
    std::vector<std::string> known{whole(rule)};
    for (const Mutant& mutant : mutants_of(rule).all) {
      EXPECT_EQ(mutant.rule.expression.root->type, rule.expression.root->type);
      EXPECT_EQ(std::count(known.begin(), known.end(), whole(mutant.rule)), 0)
          << words_of(mutant.what, mutant.before, mutant.after);
      known.push_back(whole(mutant.rule));
    }
  }
}

TEST(Mutants, AreBoundedInNumber) {
  std::string expression = "a > 1";
  for (int i = 0; i < 900; ++i) expression += " or a{b!='c'} > " + std::to_string(i);
  const auto file = mutants_rules_in("{alert: A, expr: \"" + expression + "\", for: 1m}");
  const Mutants mutants = mutants_of(file.groups.at(0).rules.at(0));
  EXPECT_LE(mutants.all.size(), kMostMutantText / expression.size() + 3);
  EXPECT_GT(mutants.left_out, 2000U);
}

}  // namespace
}  // namespace tocsin::ruletest
