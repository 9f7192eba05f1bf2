#include "harness/ruletest/case_reach.h"

#include <map>

namespace tocsin::ruletest {
namespace {

TestGroup without_cases(const TestGroup& group) {
  TestGroup copy;
  copy.pos = group.pos;
  copy.name = group.name;
  copy.interval = group.interval;
  copy.start = group.start;
  copy.inputs = group.inputs;
  copy.external_labels = group.external_labels;
  copy.external_url = group.external_url;
  return copy;
}

ExpressionCase case_copy(const ExpressionCase& one) {
  ExpressionCase copy;
  copy.pos = one.pos;
  copy.eval_time = one.eval_time;
  copy.expression = promql::parse_expression(one.expression.text, one.expression.language).value();
  copy.expression_map = one.expression_map;
  copy.expected = one.expected;
  return copy;
}

TestFile without_groups(const TestFile& file) {
  TestFile copy;
  copy.path = file.path;
  copy.evaluation_interval = file.evaluation_interval;
  copy.group_eval_order = file.group_eval_order;
  copy.fuzzy_compare = file.fuzzy_compare;
  return copy;
}

/// One case a group, where groups are alike in what they reach only once.
class CaseSorter {
 public:
  explicit CaseSorter(const TestFile& file) : file_(file), single_(without_groups(file)) {}

  std::unordered_map<const rules::Rule*, std::vector<CaseChoice>> sort(
      std::span<const rules::RuleFile> rules, const RunOptions& options) {
    for (std::size_t g = 0; g < file_.groups.size(); ++g) add_group(g);
    const FileRun run(single_, rules, options);
    std::unordered_map<const rules::Rule*, std::vector<CaseChoice>> sorted;
    for (std::size_t i = 0; i < single_.groups.size(); ++i) {
      for (const rules::Rule* rule : run.reached(i)) {
        std::vector<CaseChoice>& choices = sorted[rule];
        const CaseChoice& more = choices_[i];
        if (choices.empty() || choices.back().group != more.group) {
          choices.push_back({more.group, {}, {}});
        }
        CaseChoice& choice = choices.back();
        choice.alerts.insert(choice.alerts.end(), more.alerts.begin(), more.alerts.end());
        choice.expressions.insert(choice.expressions.end(), more.expressions.begin(),
                                  more.expressions.end());
      }
    }
    return sorted;
  }

 private:
  void add_group(std::size_t g) {
    const TestGroup& group = file_.groups[g];
    std::map<std::string, std::size_t> by_alert;
    for (std::size_t i = 0; i < group.alerts.size(); ++i) {
      const auto [it, added] = by_alert.try_emplace(group.alerts[i].alert, single_.groups.size());
      if (added) add_single(g).alerts.push_back(group.alerts[i]);
      choices_[it->second].alerts.push_back(i);
    }
    std::map<std::string, std::size_t> by_text;
    for (std::size_t i = 0; i < group.expressions.size(); ++i) {
      const ExpressionCase& one = group.expressions[i];
      const auto [it, added] = by_text.try_emplace(one.expression.text, single_.groups.size());
      if (added) add_single(g).expressions.push_back(case_copy(one));
      choices_[it->second].expressions.push_back(i);
    }
  }

  TestGroup& add_single(std::size_t g) {
    single_.groups.push_back(without_cases(file_.groups[g]));
    choices_.push_back({g, {}, {}});
    return single_.groups.back();
  }

  const TestFile& file_;
  TestFile single_;
  std::vector<CaseChoice> choices_;  ///< one for each group of single_
};

}  // namespace

std::unordered_map<const rules::Rule*, std::vector<CaseChoice>> cases_by_rule(
    const TestFile& file, std::span<const rules::RuleFile> rules, const RunOptions& options) {
  return CaseSorter(file).sort(rules, options);
}

TestFile with_cases(const TestFile& file, const std::vector<CaseChoice>& choices) {
  TestFile chosen = without_groups(file);
  for (const CaseChoice& choice : choices) {
    const TestGroup& group = file.groups[choice.group];
    chosen.groups.push_back(without_cases(group));
    TestGroup& copy = chosen.groups.back();
    for (const std::size_t i : choice.alerts) copy.alerts.push_back(group.alerts[i]);
    for (const std::size_t i : choice.expressions) {
      copy.expressions.push_back(case_copy(group.expressions[i]));
    }
  }
  return chosen;
}

}  // namespace tocsin::ruletest
