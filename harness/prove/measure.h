#pragma once

#include <atomic>

#include "harness/prove/result.h"

namespace tocsin::prove {

/// Agreement means within this share of the threshold …
inline constexpr double kThresholdTolerance = 0.01;
/// … which is measured this exactly.
inline constexpr double kThresholdPrecision = 0.001;

/// Measures one cause of one alert: everything of a Proof but `system`. kNotRun when it was
/// stopped.
Proof measure(const Subject& subject, const contract::Alert& alert, const contract::Cause& cause,
              const std::atomic<bool>* stop);

}  // namespace tocsin::prove
