#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "harness/net/loop.h"
#include "harness/net/tls.h"
#include "harness/run/live_clock.h"
#include "harness/run/monitor.h"
#include "harness/run/routing.h"
#include "harness/run/rule_scale.h"
#include "harness/scenario/scenario.h"
#include "harness/stack/program.h"

namespace tocsin::run {

/// A Prometheus and an Alertmanager that Tocsin starts for the run.
struct RealStackOptions {
  stack::Program prometheus;
  std::optional<stack::Program> alertmanager;  ///< none: where the system routes no alerts
  bool keep_logs = false;                      ///< also of runs that went well
};

/// What a real monitor needs of the run. Everything outlives it; the evidence is the run's, with
/// its run info.
struct RealMonitorContext {
  net::Loop& loop;
  const scenario::Scenario& scenario;
  const ScaledRules& rules;
  const RealStackOptions& options;
  const Routing* routing;  ///< null: nobody is told of alerts
  net::TlsContextPtr tls;
  const LiveClock& clock;
  Evidence& evidence;
  const std::atomic<bool>* stop = nullptr;
};

/// Lets a real Prometheus scrape and evaluate, and a real Alertmanager tell fake receivers.
std::unique_ptr<Monitor> real_monitor(const RealMonitorContext& context);

}  // namespace tocsin::run
