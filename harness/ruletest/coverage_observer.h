#pragma once

#include <vector>

#include "harness/ruletest/coverage_looks.h"
#include "harness/ruletest/coverage_points.h"

namespace tocsin::ruletest {

/// What one test sees of one rule that it looks at: makes `covered` of its points 1. Points that
/// are covered already cost nothing.
void observe_rule(const GroupEvidence& evidence, const rules::PlannedRule& rule, const Looks& looks,
                  const std::vector<RulePoint>& points, std::vector<char>& covered);

}  // namespace tocsin::ruletest
