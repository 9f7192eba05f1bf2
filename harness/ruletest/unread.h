#pragma once

#include <unordered_set>
#include <vector>

#include "harness/promql/evaluator.h"
#include "harness/rules/rule.h"
#include "harness/ruletest/test_file.h"

namespace tocsin::ruletest {

/// Input series of a test that neither its expressions nor the rules its cases depend on can read,
/// one remark for each metric: in a test that fails, likely a misspelt name or label. Empty when
/// that cannot be known, because a template may read anything.
std::vector<Error> unread_inputs(const TestGroup& test,
                                 const std::unordered_set<const rules::Rule*>& reached,
                                 const promql::QueryOptions& query);

}  // namespace tocsin::ruletest
