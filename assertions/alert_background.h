#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assertions/trial.h"

namespace tocsin::assertions {

/// What was going on when an alert did not do as claimed: faults, the alert's changes of state and
/// the value of its expression (without the comparison, so that near misses show) around the
/// window, in time order, each line beginning with the time. Without a window: over the whole run.
std::vector<std::string> alert_background(const Trial& trial, const std::string& alert,
                                          std::optional<scenario::TimeWindow> window);

}  // namespace tocsin::assertions
