#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/model/evidence.h"
#include "harness/net/loop.h"
#include "harness/net/task.h"
#include "harness/net/tls.h"
#include "harness/run/live_clock.h"
#include "harness/stack/dashboards_api.h"

namespace tocsin::run {

/// A Grafana and a Jaeger that run already beside a live run, and what they must have.
struct DashboardOptions {
  std::optional<stack::ApiOptions> grafana;
  stack::GrafanaWishes grafana_wishes;
  std::optional<stack::ApiOptions> jaeger;
  std::vector<std::string> jaeger_services;  ///< that have sent traces by the run's end
};

enum class RunPart { kBeginning, kEnd };

/// Looks once; what it finds are probe results (harness/model/dashboards.h). The arguments outlive
/// it.
net::Task<void> look_at_dashboards(net::Loop& loop, const DashboardOptions& options,
                                   const net::TlsContextPtr& tls, const LiveClock& clock,
                                   RunPart part, Evidence& evidence);

}  // namespace tocsin::run
