#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/faults/fault.h"
#include "harness/scenario/system.h"

namespace tocsin::fakes {

/// The fault that a POST to the control API asks for, beginning at `now`:
///
///     {"target": "service", "name": "bad deploy", "for": "5m",
///      "changes": {"error_rate": "8%", "/api/chat": {"latency": "x3"}, "slow_scrape": "20s"}}
///
/// `changes` is what a scenario writes under a target. Without `for` it holds until it is cleared;
/// an empty name is left to the caller. Errors say which key is wrong and what is allowed.
Result<faults::Fault> read_control_request(const scenario::System& system, std::string_view json,
                                           Duration now);

}  // namespace tocsin::fakes
