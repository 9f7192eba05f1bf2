#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "harness/promql/evaluator.h"
#include "harness/rules/rule.h"

/// In which order rules are evaluated, and which of them can be evaluated over a whole timeline at
/// once.

namespace tocsin::rules {

struct PlannedRule {
  const RuleGroup* group = nullptr;
  const Rule* rule = nullptr;
  std::size_t group_index = 0;  ///< into Plan::groups
};

enum class Evaluation {
  kWhole,   ///< one rule, whole timelines at a time
  kMerged,  ///< rules that may write the same series: each whole, their samples put in time order
  kSteps,   ///< rules that read what they or later ones record, and the like: step by step
};

struct Component {
  Evaluation evaluation = Evaluation::kWhole;
  std::vector<std::size_t> rules;  ///< into Plan::rules, in their order
  std::vector<std::size_t> reads;  ///< components before this one that it reads
};

struct Plan {
  /// A group that reads what another records comes after it; else, and in circles, in file order.
  std::vector<const RuleGroup*> groups;
  /// Group by group in this order, within a group as in its file: at one point in time, rules are
  /// evaluated in this order.
  std::vector<PlannedRule> rules;
  /// All rules, each once. A component reads nothing that later ones record.
  std::vector<Component> components;
};

/// What the plan depends on; see EvaluationOptions for the last two.
struct PlanOptions {
  promql::QueryOptions query = {};
  /// Alerting rules write ALERTS and ALERTS_FOR_STATE.
  bool alerts_are_series = true;
  std::vector<std::string> group_order = {};
  const std::unordered_set<const Rule*>* only = nullptr;
};
Plan make_plan(std::span<const RuleFile> files, const PlanOptions& options);

/// The strongly connected components of a graph: each after those that it has edges from, ties by
/// the smallest node; nodes ascending within one.
std::vector<std::vector<std::size_t>> ordered_components(
    const std::vector<std::vector<std::size_t>>& edges);

}  // namespace tocsin::rules
