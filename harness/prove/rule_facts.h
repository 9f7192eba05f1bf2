#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/contract/contract.h"
#include "harness/prove/rig.h"
#include "harness/rules/rule.h"

/// What a rule says, read from its text.

namespace tocsin::prove {

/// "no rule is called X", with the nearest name.
std::string no_rule(const Subject& subject, const std::string& alert);

/// The label's value; empty when the rule has none, nullopt when a template makes it.
std::optional<std::string> fixed_label(const rules::Rule& rule, const std::string& name);

/// Windows of all range selectors, each once, in the text's order.
std::vector<Duration> windows_of(const rules::Rule& rule);

/// The number that the whole expression is compared with.
struct Limit {
  contract::Comparison comparison = contract::Comparison::kAbove;
  double value = 0;
};
/// Nothing when the expression is no single comparison with a number.
std::optional<Limit> limit_of(const rules::Rule& rule);

/// Alerts of the rules that the contract does not have, each once.
std::vector<std::string> undocumented_alerts(const Subject& subject);

}  // namespace tocsin::prove
