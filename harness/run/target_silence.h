#pragma once

#include <string>

#include "harness/model/evidence.h"
#include "harness/scenario/scenario.h"

namespace tocsin::run {

/// Why a finished run against the external target at `url` proves nothing: it has never answered,
/// or had ceased to by the run's end, and no fault explains that. Empty: it does answer, or nobody
/// has asked it for long. What it answered to are scrapes, probes and load.
std::string target_silence(const Evidence& evidence, const scenario::Scenario& scenario,
                           const std::string& url);

}  // namespace tocsin::run
