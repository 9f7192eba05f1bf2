#pragma once

#include <string>
#include <vector>

#include "harness/metrics/store.h"
#include "harness/rules/evaluation.h"

namespace tocsin::promapi {

/// What rule files make of a store's samples: evaluated once over all of them; what they record is
/// in the store afterwards.
struct RuleState {
  std::vector<rules::RuleFile> files;
  rules::EvaluationOutcome outcome;
  Timestamp evaluated_at = {};  ///< the last evaluation
  Duration interval{0};         ///< of groups that name none
};

RuleState evaluate_rules(std::vector<rules::RuleFile> files, metrics::Store& store,
                         const promql::QueryOptions& query, Duration interval);

}  // namespace tocsin::promapi
