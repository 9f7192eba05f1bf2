#pragma once

#include <vector>

#include "harness/faults/fault.h"
#include "harness/prove/rig.h"
#include "harness/scenario/scenario.h"
#include "harness/traffic/traffic.h"

/// What scenarios made by this room are put together from.

namespace tocsin::prove {

traffic::Phase steady_traffic(double rate_hz, Duration length);

/// Adds the faults, all at one time.
void put_faults(const std::vector<faults::Fault>& faults, Duration at, Duration length,
                scenario::Scenario& scenario);

/// The push with its traffic, what is otherwise before and after, and the scenario's length.
void put_push(const Push& push, const Course& course, double traffic_hz,
              scenario::Scenario& scenario);

}  // namespace tocsin::prove
