#include "harness/run/dashboard_watch.h"

#include <algorithm>

#include "harness/model/dashboards.h"

namespace tocsin::run {
namespace {

constexpr int kWell = 200;

void note_checks(std::string_view target, const std::vector<stack::ApiCheck>& checks, Timestamp at,
                 Evidence& evidence) {
  for (const stack::ApiCheck& check : checks) {
    ProbeResult& probe = evidence.probes.emplace_back();
    probe.target = target;
    probe.endpoint = check.what;
    probe.at = at;
    probe.status_code = check.error.empty() ? kWell : 0;
    probe.error = check.error;
    probe.considered_ok = check.error.empty();
  }
}

}  // namespace

net::Task<void> look_at_dashboards(net::Loop& loop, const DashboardOptions& options,
                                   const net::TlsContextPtr& tls, const LiveClock& clock,
                                   RunPart part, Evidence& evidence) {
  const bool end = part == RunPart::kEnd;
  const Timestamp at = end ? evidence.run.end : clock.wall(clock.now());
  if (options.grafana) {
    stack::ApiOptions grafana = *options.grafana;
    grafana.tls = tls;
    const auto checks =
        co_await stack::check_grafana(loop, std::move(grafana), options.grafana_wishes);
    note_checks(kGrafana, checks, at, evidence);
  }
  if (options.jaeger) {
    stack::ApiOptions jaeger = *options.jaeger;
    jaeger.tls = tls;
    // Traces of the run come with it.
    std::vector<std::string> services;
    if (end) services = options.jaeger_services;
    const auto checks = co_await stack::check_jaeger(loop, std::move(jaeger), std::move(services));
    note_checks(kJaeger, checks, at, evidence);
  }
}

}  // namespace tocsin::run
