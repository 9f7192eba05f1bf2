#pragma once

#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "harness/rules/reads.h"
#include "harness/ruletest/run.h"

/// Which rules a test needs.

namespace tocsin::ruletest {

class Reach {
 public:
  Reach(std::span<const rules::RuleFile> files, const promql::QueryOptions& query);

  struct Need {
    /// What the cases depend on.
    std::unordered_set<const rules::Rule*> reached;
    /// Also those that might fail, for promtool fails a test when any rule fails.
    std::unordered_set<const rules::Rule*> evaluated;
    bool alert_series = false;  ///< something evaluated may read ALERTS
    bool future = false;        ///< something evaluated looks at what comes after it
  };
  Need of(const TestGroup& test, bool all_rules) const;
  bool has_alert(const std::string& name) const { return alerts_.count(name) > 0; }
  /// Names of all alerts.
  std::vector<std::string> alert_names() const;

 private:
  struct Facts {
    std::vector<promql::SelectorUse> selectors;
    std::vector<std::size_t> reads;       ///< rules whose samples it may read
    std::vector<std::string> set_labels;  ///< that it or its group sets
    bool always_fails = false;
    bool may_fail = false;  ///< when it has data
    bool queries = false;   ///< by a template: may read anything
    bool reads_alerts = false;
    bool future = false;
  };

  void note_facts(std::size_t rule, const promql::QueryOptions& query);
  /// Marks a rule and, in turn, all that it reads.
  void mark(std::vector<std::size_t> waiting, std::vector<bool>& marked) const;
  std::vector<std::size_t> roots(const TestGroup& test) const;
  bool might_fail(std::size_t rule, const Inputs& inputs) const;
  bool has_data(const Facts& facts, const Inputs& inputs) const;

  promql::QueryOptions query_;
  std::vector<rules::PlannedRule> rules_;
  rules::Reads reads_;
  std::vector<Facts> facts_;
  std::unordered_map<std::string, std::vector<std::size_t>> alerts_;
  std::unordered_map<std::string, int> recorders_;  ///< rules by the name they record
  std::set<std::string, std::less<>> made_labels_;  ///< names that rules may give series
};

}  // namespace tocsin::ruletest
