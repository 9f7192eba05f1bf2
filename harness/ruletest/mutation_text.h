#pragma once

#include <string>
#include <vector>

#include "harness/ruletest/mutation_run.h"

/// What became of mutants, as people and as machines read it.

namespace tocsin::ruletest {

struct MutationTextOptions {
  bool colour = false;
  bool every_mutant = false;  ///< killed ones too, and those that no test data tells apart
};

/// A line for each survivor and for each rule that no test reaches; then what was counted, rule
/// file by rule file and together.
std::string render_mutation_text(const std::vector<RuleResult>& rules,
                                 const MutationTextOptions& options);
/// What would be run: a line for each mutant.
std::string render_mutation_list(const std::vector<RuleResult>& rules);
std::string render_mutation_json(const std::vector<RuleResult>& rules);
/// A suite for each rule, a case for each mutant; those that survived are failures.
std::string render_mutation_junit(const std::vector<RuleResult>& rules);

}  // namespace tocsin::ruletest
