#pragma once

#include <memory>

#include "harness/net/loop.h"
#include "harness/net/tls.h"
#include "harness/run/live_clock.h"
#include "harness/run/monitor.h"
#include "harness/run/routing.h"
#include "harness/run/rule_scale.h"
#include "harness/scenario/scenario.h"

namespace tocsin::run {

/// Scrapers, rules and alert routing within this process; the run begins at once. Without `routing`
/// nobody is told of alerts. Everything given outlives the
/// monitor; the evidence is the run's, with its run info.
std::unique_ptr<Monitor> embedded_monitor(net::Loop& loop, const scenario::Scenario& scenario,
                                          const ScaledRules& rules, const Routing* routing,
                                          net::TlsContextPtr tls, const LiveClock& clock,
                                          Evidence& evidence);

}  // namespace tocsin::run
