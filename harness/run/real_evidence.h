#pragma once

#include <vector>

#include "harness/model/evidence.h"
#include "harness/run/monitor.h"
#include "harness/run/rule_scale.h"
#include "harness/scenario/scenario.h"
#include "harness/stack/stack_watch.h"

/// From what a real stack showed to evidence.

namespace tocsin::run {

/// The alerting rules of a run, as episodes are told apart by them.
std::vector<stack::WatchedRule> watched_rules(const scenario::System& system,
                                              const ScaledRules& rules, const Evidence& evidence);

/// Adds samples, scrapes, episodes, suppressions and what was wrong with rules. `watch` is
/// finished.
void take_watch(stack::StackWatch& watch, const scenario::System& system, const ScaledRules& rules,
                Evidence& evidence);

}  // namespace tocsin::run
