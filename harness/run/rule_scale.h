#pragma once

#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/run/stack.h"

namespace tocsin::run {

struct ScaledRules {
  RuleFiles files;
  double factor = 1;
  std::vector<std::string> unscaled;  ///< what was left as it is, one sentence each
};

/// The rules with every duration divided by `factor`: `for`, `keep_firing_for`, intervals and all
/// durations within expressions. An error when one within an expression would fall below a
/// millisecond; the others are at least one.
Result<ScaledRules> scale_rules(const RuleFiles& files, double factor);

/// What no live run could divide by `factor`, known before it starts: windows of rules and
/// intervals that would fall below a millisecond. Every problem goes to `diagnostics`.
void check_time_scale(const scenario::System& system, const RuleFiles& files, double factor,
                      Diagnostics& diagnostics);
/// The same of the expressions that the scenario makes claims on.
void check_time_scale(const scenario::Expectations& expect, double factor,
                      Diagnostics& diagnostics);

/// `d` divided by `factor`, to the millisecond; at least one unless it is zero.
Duration scaled(Duration d, double factor);

}  // namespace tocsin::run
