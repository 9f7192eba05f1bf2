#pragma once

#include <unordered_map>
#include <vector>

#include "harness/ruletest/run.h"

/// Which cases depend on which rule.

namespace tocsin::ruletest {

/// Cases of one test, by their place in its lists.
struct CaseChoice {
  std::size_t group = 0;  ///< into TestFile::groups
  std::vector<std::size_t> alerts;
  std::vector<std::size_t> expressions;
};

/// For each rule that a case depends on, the tests and cases that do, in the file's order.
std::unordered_map<const rules::Rule*, std::vector<CaseChoice>> cases_by_rule(
    const TestFile& file, std::span<const rules::RuleFile> rules, const RunOptions& options);

/// The test file with these cases only.
TestFile with_cases(const TestFile& file, const std::vector<CaseChoice>& choices);

}  // namespace tocsin::ruletest
