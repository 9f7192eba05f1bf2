#pragma once

#include <string>
#include <vector>

#include "harness/rules/rule.h"

/// What may be wrong with a rule, one thing at a time: each mutant is the rule with one such
/// mistake. Tests that pass with a mutant do not hold the rule to what the mutant changes.

namespace tocsin::ruletest {

struct Mutant {
  std::string what;    ///< "threshold raised"
  std::string before;  ///< the part that is changed, on one line, shortened with "…"
  std::string after;   ///< what it became; empty: nothing is left
  SourcePos pos;       ///< of the change, in the rule file
  rules::Rule rule;
};

struct Mutants {
  std::vector<Mutant> all;
  std::size_t left_out = 0;  ///< changes of the expression that were not made: it is too long
};

/// Bounds that keep huge expressions harmless: so much text of expressions is made of one rule, but
/// a few mutants in any case.
inline constexpr std::size_t kMostMutantText = 4 << 20;  ///< bytes
inline constexpr std::size_t kFewMutants = 10;

/// By what is changed: the expression in its text's order, `for`, `keep_firing_for`, labels. All
/// can be parsed, are of the rule's type, and differ from it and from each other. The rule's own
/// expression must be valid.
Mutants mutants_of(const rules::Rule& rule);

/// "threshold raised: `up > 0` became `up > 1`".
std::string words_of(const std::string& what, const std::string& before, const std::string& after);

rules::Rule copy_of(const rules::Rule& rule);
/// To be changed; warnings are left behind.
std::vector<rules::RuleFile> copies_of(const std::vector<rules::RuleFile>& files);

}  // namespace tocsin::ruletest
