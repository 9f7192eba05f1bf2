#pragma once

#include <cstdint>
#include <string>

#include "harness/traffic/load.h"

namespace tocsin::traffic {

/// What the generator knows about itself after a run.
struct GeneratorState {
  std::uint64_t never_sent = 0;  ///< still waiting when the drain time was over
  double busy = 0;               ///< share of the time in which the busiest thread wanted to run
  Nanos behind{0};               ///< how far the end found it behind its own schedule
};

/// Empty, or why the figures are not those of the target: the generator was late, or could not send
/// what the schedule asked for.
std::string invalid_reason(const LoadOptions& options, const LoadCounts& total,
                           const GeneratorState& generator);

}  // namespace tocsin::traffic
