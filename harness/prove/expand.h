#pragma once

#include <map>
#include <memory>
#include <vector>

#include "harness/prove/rig.h"
#include "harness/scenario/load.h"

/// Scenarios that are made of a contract: files with the key `from_contract`.

namespace tocsin::prove {

class Expander {
 public:
  /// The scenario itself, or those that its `from_contract` stands for: alerts as the contract has
  /// them, each with its causes and cases, then health, then metrics. Problems of the contract are
  /// reported once a system; then there are none.
  std::vector<scenario::Scenario> expand(scenario::ScenarioFile file,
                                         std::shared_ptr<const run::RuleFiles> rules,
                                         Diagnostics& diagnostics);

 private:
  /// Null: has problems.
  std::map<const scenario::System*, std::shared_ptr<const contract::Contract>> contracts_;
};

}  // namespace tocsin::prove
