#pragma once

#include <string>

#include "harness/base/time.h"
#include "harness/scenario/system.h"

namespace tocsin::fakes {

class Signals;

/// What a health endpoint answers.
struct HealthAnswer {
  int status_code = 200;
  scenario::HealthState state = scenario::HealthState::kHealthy;
  std::string body;  ///< JSON, keys in the order of the system file
  Duration latency{0};
};

/// The answer for the signals as they were last evaluated. `now` is what `$timestamp` shows. The
/// whole is unhealthy when a critical check is, degraded when any check is not healthy.
HealthAnswer answer_health(const scenario::HealthEndpoint& endpoint, Signals& signals,
                           Timestamp now);

/// The body of an admin endpoint's answer, as JSON.
std::string answer_body(const scenario::AdminEndpoint& endpoint, Signals& signals, Timestamp now);

}  // namespace tocsin::fakes
