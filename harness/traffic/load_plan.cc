#include "harness/traffic/load_plan.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <sys/resource.h>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/http/url.h"
#include "harness/net/connect.h"

namespace tocsin::traffic {
namespace {

constexpr std::uint32_t kMostThreads = 256;

Result<void> check_numbers(const LoadOptions& options) {
  const auto positive = [](Duration d) { return d > Duration(0); };
  if (!(options.time_scale > 0) || !std::isfinite(options.time_scale)) {
    return input_error({}, "the time scale must be a positive number");
  }
  if (options.connections == 0) return input_error({}, "a load needs at least one connection");
  if (options.threads == 0) return input_error({}, "a load needs at least one thread");
  if (options.threads > kMostThreads) {
    return input_error({}, fmt::format("a load has at most {} threads", kMostThreads));
  }
  if (options.threads > options.connections) {
    return input_error({}, fmt::format("{} threads cannot share {} connections", options.threads,
                                       options.connections));
  }
  if (!positive(options.timeout)) return input_error({}, "the timeout must be longer than 0s");
  if (!positive(options.slice)) return input_error({}, "a slice must be longer than 0s");
  if (options.drain < Duration(0)) return input_error({}, "the drain time must not be negative");
  if (!positive(options.traffic.length())) return input_error({}, "the traffic has no length");
  return {};
}

/// Makes room for the connections' file descriptors, as far as the system lets a process do that.
Result<void> allow_descriptors(std::uint32_t connections) {
  constexpr rlim_t kOthers = 100;
  const rlim_t needed = connections + kOthers;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return {};
  if (limit.rlim_max < needed) {
    Error error = input_error(
        {}, fmt::format("{} connections need more open files than the system allows ({})",
                        connections, limit.rlim_max));
    error.hints.emplace_back("raise the limit with \"ulimit -n\", or use fewer connections");
    return error;
  }
  limit.rlim_cur = needed;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return {};
}

Error unknown_request(const MixEntry& entry, const std::vector<RequestTemplate>& requests) {
  std::vector<std::string> names;
  for (const RequestTemplate& request : requests) names.push_back(request.name);
  Error error =
      input_error({}, fmt::format("the mix names \"{}\", which is no request", entry.endpoint));
  error.hints.push_back(unknown_name_hint(entry.endpoint, names));
  return error;
}

Result<std::vector<std::uint32_t>> look_up_mix(Phase& phase,
                                               const std::vector<RequestTemplate>& requests) {
  if (phase.mix.empty()) {
    for (const RequestTemplate& request : requests) phase.mix.push_back({request.name, 1});
  }
  std::vector<std::uint32_t> indices;
  for (const MixEntry& entry : phase.mix) {
    if (!(entry.weight > 0) || !std::isfinite(entry.weight)) {
      return input_error({}, fmt::format("the weight of \"{}\" must be positive", entry.endpoint));
    }
    const auto found = std::find_if(
        requests.begin(), requests.end(),
        [&](const RequestTemplate& request) { return request.name == entry.endpoint; });
    if (found == requests.end()) return unknown_request(entry, requests);
    indices.push_back(static_cast<std::uint32_t>(found - requests.begin()));
  }
  return indices;
}

Result<void> look_up_requests(LoadPlan& plan, const http::Url& url) {
  const std::vector<RequestTemplate>& requests = plan.options.requests;
  if (requests.empty()) return input_error({}, "there is nothing to request");
  std::set<std::string> names;
  for (const RequestTemplate& request : requests) {
    if (!names.insert(request.name).second) {
      return input_error({}, fmt::format("two requests are called \"{}\"", request.name));
    }
    TRY(RequestText text, RequestText::make(request, url, plan.options.keep_alive));
    plan.requests.push_back(std::move(text));
  }
  for (Phase& phase : plan.options.traffic.phases) {
    TRY(std::vector<std::uint32_t> indices, look_up_mix(phase, requests));
    plan.request_of.push_back(std::move(indices));
  }
  return {};
}

Result<void> look_up_peer(LoadPlan& plan, const http::Url& url) {
  plan.peer.host = url.host;
  if (url.tls) {
    net::TlsClientOptions tls;
    tls.verify = plan.options.verify_tls;
    tls.ca_file = plan.options.ca_file;
    TRY(plan.peer.tls, net::TlsContext::client(tls));
  }
  const bool detour = plan.options.connect_port != 0;
  const std::string host = detour ? plan.options.connect_host : url.host;
  const std::uint16_t port = detour ? plan.options.connect_port : url.port;
  net::Loop loop;
  auto addresses =
      loop.run(net::resolve(loop, host, port, net::deadline_in(Nanos(plan.options.timeout))));
  if (addresses) {
    plan.peer.addresses = std::move(*addresses);
  } else {
    plan.unresolved = addresses.error();
  }
  return {};
}

}  // namespace

Result<LoadPlan> plan_load(LoadOptions options) {
  TRY(const http::Url url, http::parse_url(options.url));
  LoadPlan plan;
  plan.options = std::move(options);
  if (auto checked = check_numbers(plan.options); !checked) return checked.error();
  plan.length = Nanos(std::llround(
      static_cast<double>(Nanos(plan.options.traffic.length()).count()) / plan.options.time_scale));
  if (auto allowed = allow_descriptors(plan.options.connections); !allowed) return allowed.error();
  if (auto done = look_up_requests(plan, url); !done) return done.error();
  if (auto done = look_up_peer(plan, url); !done) return done.error();
  return plan;
}

}  // namespace tocsin::traffic
