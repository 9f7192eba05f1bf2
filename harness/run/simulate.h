#pragma once

#include <atomic>
#include <optional>
#include <unordered_set>

#include "harness/model/evidence.h"
#include "harness/run/routing.h"
#include "harness/run/stack.h"
#include "harness/scenario/scenario.h"

namespace tocsin::run {

/// For whoever runs many short simulations to see what alerts do (harness/prove).
struct AlertStudy {
  double grain = 1;  ///< see fakes::ModelOptions
  /// Only these rules are evaluated; null: all.
  const std::unordered_set<const rules::Rule*>* rules = nullptr;
};

struct SimulationOptions {
  /// Where in their interval scrapes and evaluations fall.
  Duration scrape_phase{0};
  Duration evaluation_phase{0};
  /// Who is told of alerts; null: nobody.
  const Routing* routing = nullptr;
  /// Set from outside: end soon, with partial evidence.
  const std::atomic<bool>* stop = nullptr;
  /// Scrapes and rules only: no probes, no load result, no word of what targets export.
  std::optional<AlertStudy> study = {};
};

/// Runs a scenario on a virtual clock: every target's model is scraped and probed in process, then
/// the rules are evaluated over the whole timeline. Costs scrapes × series; the same scenario and
/// seed give the same evidence, byte for byte.
Evidence simulate(const scenario::Scenario& scenario, const RuleFiles& rules,
                  const SimulationOptions& options = {});

}  // namespace tocsin::run
