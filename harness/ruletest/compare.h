#pragma once

#include <span>
#include <vector>

#include "harness/promql/evaluator.h"
#include "harness/ruletest/run.h"

/// What was expected against what was seen.

namespace tocsin::ruletest {

/// The alerts of a name that fire.
void compare_alerts(const AlertCase& expected, std::span<const rules::AlertLook* const> firing,
                    CaseResult& result);

/// The result of an instant query.
void compare_samples(const ExpressionCase& expected, const promql::QueryResult& got, bool fuzzy,
                     CaseResult& result);

}  // namespace tocsin::ruletest
