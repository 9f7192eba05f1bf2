#pragma once

#include "harness/faults/fault.h"
#include "harness/http/url.h"
#include "harness/model/evidence.h"
#include "harness/net/loop.h"
#include "harness/net/tls.h"
#include "harness/run/live_clock.h"
#include "harness/scenario/system.h"

namespace tocsin::run {

/// Faults for fakes that are called over HTTP: a call's effect is then theirs to make.
std::vector<faults::Fault> without_call_effects(std::vector<faults::Fault> faults);

/// Calls an admin endpoint over HTTP at each occurrence of a fault that is a call, until `end` or
/// cancelled. What is not answered as documented becomes a warning of the evidence.
net::Task<void> call_endpoint(net::Loop& loop, const faults::Fault& fault,
                              const scenario::AdminEndpoint& endpoint, http::Url url,
                              net::TlsContextPtr tls, const LiveClock& clock, Duration end,
                              Evidence& evidence);

}  // namespace tocsin::run
