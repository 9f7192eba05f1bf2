#pragma once

#include <string_view>

#include "harness/base/error.h"
#include "harness/faults/fault.h"
#include "harness/scenario/system.h"

namespace tocsin::scenario {

/// The fault that a JSON text asks for, beginning at `now`:
///
///     {"target": "service", "name": "bad deploy", "for": "5m",
///      "changes": {"error_rate": "8%", "/api/chat": {"latency": "x3"}, "slow_scrape": "20s"}}
///
/// `changes` is what a scenario writes under a target. Without `for` it holds until it is cleared;
/// an empty name is left to the caller. Of several problems the first is returned; it has no
/// position.
Result<faults::Fault> read_fault_request(const System& system, std::string_view json, Duration now);

}  // namespace tocsin::scenario
