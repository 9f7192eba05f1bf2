#pragma once

#include <span>

#include "harness/promql/parser.h"
#include "harness/ruletest/coverage_looks.h"

namespace tocsin::ruletest {

/// Another rule in a rule's place, and whether a case would have seen that.
struct WhatIf {
  const promql::Expression* expression = nullptr;
  Duration keep_firing_for{0};
  bool seen = false;
};

/// Evaluates the rule and what could be in its place on what the test had; sets WhatIf::seen.
void look_at_differences(const GroupEvidence& evidence, const rules::PlannedRule& rule,
                         const Looks& looks, std::vector<WhatIf>& others);

}  // namespace tocsin::ruletest
