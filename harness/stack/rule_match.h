#pragma once

#include <string>
#include <vector>

#include "harness/rules/rule.h"
#include "harness/stack/prometheus_api.h"

namespace tocsin::stack {

/// A rule that a Prometheus should evaluate and has not loaded so.
struct RuleMismatch {
  std::string group;
  std::string name;
  bool alerting = true;
  bool missing = false;  ///< no rule of that name and kind is loaded
  std::string what;      ///< "is not loaded; did you mean …?", "has for 5m instead of 10m"
};

/// Holds rules against those that are loaded, in the order of the files. Groups and files may be
/// named otherwise; expressions are alike when they print alike; of several rules of a name the
/// likest counts, each once.
std::vector<RuleMismatch> mismatched_rules(const std::vector<rules::RuleFile>& wanted,
                                           const std::vector<GroupStatus>& loaded);

}  // namespace tocsin::stack
