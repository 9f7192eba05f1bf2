#pragma once

#include <string>
#include <vector>

#include "harness/ruletest/coverage.h"

namespace tocsin::ruletest {

/// A point of a rule with what it takes to look for it.
struct RulePoint {
  CoveragePoint point;
  std::string without;  ///< of a side: the rule's expression without it, which can be parsed
};

/// Sides of a rule beyond these bounds are no points: each costs an evaluation.
inline constexpr std::size_t kMostSides = 200;
inline constexpr std::size_t kLongestSides = 4 << 20;  ///< bytes of the expressions without them

/// In the order of fires, silent, `for`, `keep_firing_for` (or recorded), sides, labels.
std::vector<RulePoint> points_of(const rules::RuleGroup& group, const rules::Rule& rule);

}  // namespace tocsin::ruletest
