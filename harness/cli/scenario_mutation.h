#pragma once

#include <string>
#include <vector>

#include "harness/cli/tasks.h"
#include "harness/ruletest/mutation_run.h"

/// Scenarios against mutants of their systems' rules. Each scenario's samples are made once; then
/// rules are evaluated over them and the outcome is judged, mutant by mutant.

namespace tocsin::cli {

/// Scenarios whose expectations do not hold with the rules as they are, a line each.
std::vector<std::string> scenario_failures(const std::vector<Task>& tasks,
                                           const ruletest::MutationOptions& options);

/// As ruletest::run_mutants; every scenario of a system reaches all of its rules. All are
/// simulated.
std::vector<ruletest::RuleResult> run_scenario_mutants(const std::vector<Task>& tasks,
                                                       const ruletest::MutationOptions& options);

}  // namespace tocsin::cli
