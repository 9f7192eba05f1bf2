#pragma once

#include <optional>
#include <vector>

#include "harness/promql/parser.h"
#include "harness/ruletest/coverage.h"

namespace tocsin::ruletest {

/// A point of a rule with what it takes to look for it.
struct RulePoint {
  CoveragePoint point;
  promql::Expression without;  ///< of a side: the rule's expression without it
};

/// In the order of fires, silent, `for`, `keep_firing_for` (or recorded), sides, labels.
std::vector<RulePoint> points_of(const rules::RuleGroup& group, const rules::Rule& rule);

}  // namespace tocsin::ruletest
