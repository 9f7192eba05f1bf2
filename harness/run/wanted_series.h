#pragma once

#include <string>
#include <vector>

#include "harness/run/stack.h"
#include "harness/scenario/scenario.h"

namespace tocsin::run {

/// What of a Prometheus' samples a judgement needs.
struct WantedSeries {
  std::vector<std::string> selectors;
  Duration back{0};  ///< how long before the run's start the earliest
};

/// The series that rules and claims of a scenario look at, those that rules record, the alerts, and
/// how scrapes of the system's jobs went.
WantedSeries wanted_series(const scenario::Scenario& scenario, const RuleFiles& rules);

}  // namespace tocsin::run
