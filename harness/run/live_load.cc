#include "harness/run/live_load.h"

#include <algorithm>

#include "harness/run/rule_scale.h"

namespace tocsin::run {
namespace {

/// What live runs allow the generator: a busy machine is late by more than a claim on alerts
/// minds, while claims on latencies want the engine's own limit.
constexpr Duration kLagLimit = std::chrono::milliseconds(100);

bool claims_latency(const scenario::Scenario& scenario) {
  const auto& claims = scenario.expect.load;
  return std::any_of(claims.begin(), claims.end(),
                     [](const auto& claim) { return !claim.percentiles.empty(); });
}

}  // namespace

LoadThread::LoadThread(traffic::LoadOptions options) : options_(std::move(options)) {
  outcome_ = std::async(std::launch::async, [this] {
    auto outcome =
        traffic::run_load(options_, stop_, [this](const traffic::LoadProgress& progress) {
          const std::lock_guard lock(mutex_);
          ledger_ = progress.ledger;
        });
    refused_ = outcome.has_error();
    return outcome;
  });
}

LoadLedger LoadThread::ledger() const {
  const std::lock_guard lock(mutex_);
  return ledger_;
}

traffic::LoadOptions load_options(const scenario::Scenario& scenario, const LiveOptions& options,
                                  const std::string& url,
                                  const std::optional<net::Address>& proxy) {
  traffic::LoadOptions load;
  load.url = url;
  if (proxy) {
    load.connect_host = proxy->ip;
    load.connect_port = proxy->port;
  }
  load.traffic = scenario.traffic;
  load.seed = scenario.seed;
  load.time_scale = options.time_scale;
  load.connections = scenario.connections;
  load.threads = options.load_threads;
  load.verify_tls = options.verify_tls;
  load.ca_file = options.ca_file;
  // As fine as a simulated run's, but never so fine that a slice holds nothing.
  const Duration slice = scaled(scenario.system->service.scrape_interval, options.time_scale);
  load.slice = std::max<Duration>(slice, std::chrono::milliseconds(100));
  if (!claims_latency(scenario)) load.lag_limit = kLagLimit;
  for (const scenario::Endpoint& endpoint : scenario.system->service.endpoints) {
    traffic::RequestTemplate request;
    request.name = endpoint.name;
    request.method = endpoint.method;
    request.target = endpoint.path;
    if (endpoint.method != "GET" && endpoint.method != "HEAD") {
      request.headers.emplace_back("Content-Type", "application/json");
      request.body = "{\"id\": {seq}}";
    }
    load.requests.push_back(std::move(request));
  }
  // The system's own weights, where a phase names no mix.
  for (traffic::Phase& phase : load.traffic.phases) {
    if (!phase.mix.empty()) continue;
    for (const scenario::Endpoint& endpoint : scenario.system->service.endpoints) {
      phase.mix.push_back({endpoint.name, endpoint.weight});
    }
  }
  return load;
}

}  // namespace tocsin::run
