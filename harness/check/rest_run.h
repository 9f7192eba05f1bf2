#pragma once

#include <memory>

#include "harness/base/time.h"
#include "harness/metrics/store.h"
#include "harness/scenario/system.h"

namespace tocsin::check {

/// The virtual time at which scenarios begin too: a Monday, 2026-01-05T00:00:00Z.
inline constexpr Timestamp kRestStart = from_ms(1767571200000);

/// What a Prometheus would have after a time of normal traffic without faults, from kRestStart on.
std::unique_ptr<metrics::Store> run_at_rest(const scenario::System& system, double traffic_hz,
                                            Duration length);

}  // namespace tocsin::check
