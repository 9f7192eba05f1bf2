#pragma once

#include <memory>
#include <optional>

#include "harness/run/monitor.h"
#include "harness/run/stack_context.h"
#include "harness/stack/program.h"

namespace tocsin::run {

/// A Prometheus and an Alertmanager that Tocsin starts for the run.
struct RealStackOptions {
  stack::Program prometheus;
  std::optional<stack::Program> alertmanager;  ///< none: where the system routes no alerts
  bool keep_logs = false;                      ///< also of runs that went well
};

/// Lets a real Prometheus scrape and evaluate, and a real Alertmanager tell fake receivers.
std::unique_ptr<Monitor> real_monitor(const StackContext& context, const RealStackOptions& options);

}  // namespace tocsin::run
