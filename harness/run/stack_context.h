#pragma once

#include <atomic>

#include "harness/model/evidence.h"
#include "harness/net/loop.h"
#include "harness/net/tls.h"
#include "harness/run/live_clock.h"
#include "harness/run/routing.h"
#include "harness/run/rule_scale.h"
#include "harness/scenario/scenario.h"

namespace tocsin::run {

/// What a monitor of a real Prometheus needs of the run. Everything outlives it; the evidence is
/// the run's, with its run info.
struct StackContext {
  net::Loop& loop;
  const scenario::Scenario& scenario;
  const ScaledRules& rules;
  const Routing* routing;  ///< null: nobody is told of alerts
  net::TlsContextPtr tls;
  const LiveClock& clock;
  Evidence& evidence;
  const std::atomic<bool>* stop = nullptr;
};

}  // namespace tocsin::run
