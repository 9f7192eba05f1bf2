#pragma once

#include "harness/metrics/store.h"
#include "harness/model/evidence.h"
#include "harness/rules/evaluation.h"
#include "harness/run/routing.h"
#include "harness/run/stack.h"
#include "harness/scenario/scenario.h"

namespace tocsin::run {

/// Takes the episodes of a simulated run to whoever is told of them: what Prometheus would post to
/// Alertmanager, what that would send, how receivers with their troubles take it, and what the
/// service's own alert manager tells. Adds routing, notifications and suppressions to the evidence,
/// whose time is known; `evaluation` are the options that gave the outcome, `store` what it read.
void route_alerts(const scenario::Scenario& scenario, const Routing& routing,
                  const RuleFiles& rules, const rules::EvaluationOutcome& outcome,
                  const rules::EvaluationOptions& evaluation, const SeriesSource& store,
                  Evidence& evidence);

}  // namespace tocsin::run
