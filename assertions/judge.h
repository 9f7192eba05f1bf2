#pragma once

#include "assertions/judgement.h"
#include "harness/model/evidence.h"
#include "harness/scenario/scenario.h"

namespace tocsin::assertions {

/// Holds every expectation of a scenario against the evidence of a run: pure, whichever way the
/// evidence was made. Times are compared in the scenario's own time (Evidence::offset_of). Evidence
/// of live runs gets one evaluation interval of grace, since real clocks and real scrapes have a
/// phase that the scenario does not fix: what must happen within a window may do so that much
/// earlier or later, and what must hold all through one may begin that much later and end that much
/// earlier.
Verdict judge(const scenario::Scenario& scenario, const Evidence& evidence);

}  // namespace tocsin::assertions
