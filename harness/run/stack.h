#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/base/error.h"
#include "harness/model/evidence.h"
#include "harness/rules/evaluation.h"
#include "harness/rules/rule.h"
#include "harness/scenario/scenario.h"

/// What simulated and live runs have in common: the rules, the events and the labels of targets.

namespace tocsin::run {

using RuleFiles = std::vector<rules::RuleFile>;

/// Reads each system's rule files once. Not safe to share between threads; what it returns is.
class RuleLibrary {
 public:
  /// Every problem goes to `diagnostics`, once a system.
  std::shared_ptr<const RuleFiles> rules_of(const scenario::System& system,
                                            Diagnostics& diagnostics);
  /// What the rule files hold that loads but is hardly meant, of all systems so far.
  const std::vector<Error>& warnings() const { return warnings_; }

 private:
  std::vector<Error> warnings_;
  std::unordered_map<const scenario::System*, std::shared_ptr<const RuleFiles>> known_;
};

/// Evidence with all that is known before anything runs: run info, events, rules.
Evidence begin_evidence(const scenario::Scenario& scenario, const RuleFiles& rules, RunMode mode,
                        Timestamp start, double time_scale);

/// Evaluation options of a run that starts at `start`.
rules::EvaluationOptions evaluation_options(const scenario::Scenario& scenario, Timestamp start);

/// job, instance and further labels of a target. `instance` empty: the one of the system file.
Labels target_labels(const scenario::Target& target, const std::string& instance = {});

/// The service and all exporters.
std::vector<const scenario::Target*> targets_of(const scenario::System& system);

/// Puts what the rules gave into the evidence: episodes, failures as warnings.
void take_outcome(rules::EvaluationOutcome outcome, Evidence& evidence);

}  // namespace tocsin::run
