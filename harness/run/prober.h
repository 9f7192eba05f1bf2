#pragma once

#include "harness/http/url.h"
#include "harness/model/evidence.h"
#include "harness/net/loop.h"
#include "harness/net/tls.h"
#include "harness/run/health_watch.h"
#include "harness/run/live_clock.h"

namespace tocsin::run {

/// Probes one health endpoint over HTTP with Kubernetes' semantics until the scenario reaches
/// `end`, or cancelled. Periods are scaled. Timeouts are not, since real answers take real time;
/// but a probe does not outlast its period, so that a service that hangs is found out as fast as in
/// scenario time.
net::Task<void> probe_endpoint(net::Loop& loop, ProbePlan plan, http::Url url,
                               net::TlsContextPtr tls, const LiveClock& clock, Duration end,
                               Evidence& evidence);

}  // namespace tocsin::run
