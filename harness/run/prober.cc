#include "harness/run/prober.h"

#include <algorithm>

#include "harness/http/client.h"
#include "harness/net/timer.h"

namespace tocsin::run {
namespace {

/// Longer answers are cut: a health answer is small.
constexpr std::size_t kBodyKept = 16 << 10;
constexpr std::size_t kBodyLimit = 1 << 20;
constexpr Nanos kLeastTimeout = std::chrono::milliseconds(100);

}  // namespace

net::Task<void> probe_endpoint(net::Loop& loop, ProbePlan plan, http::Url url,
                               net::TlsContextPtr tls, const LiveClock& clock, Duration end,
                               Evidence& evidence) {
  const scenario::ProbeSpec& spec = plan.endpoint->probe;
  HealthWatch watch(spec);
  const Nanos timeout =
      std::min<Nanos>(spec.timeout, std::max(clock.real(spec.period), kLeastTimeout));
  for (Duration at = spec.initial_delay; at <= end; at += spec.period) {
    const bool due = co_await net::sleep_until(clock.when(at));
    if (!due) co_return;
    const Nanos began = clock.now();
    http::FetchOptions options;
    options.timeout = timeout;
    options.limits.body_bytes = kBodyLimit;
    options.tls = tls;
    options.headers.add("User-Agent", "tocsin");
    http::Url page = url;
    net::Outcome<http::Response> answer =
        co_await http::fetch(loop, std::move(page), std::move(options));
    ProbeResult result;
    result.target = plan.target->name;
    result.endpoint = plan.endpoint->path;
    result.at = clock.wall(began);
    result.latency = clock.now() - began;
    if (answer.has_error()) {
      if (answer.error().kind == net::NetFailure::kCancelled) co_return;
      result.error = net::to_string(answer.error());
    } else {
      result.status_code = answer->status;
      result.body = answer->body.substr(0, kBodyKept);
    }
    watch.judge(result);
    evidence.probes.push_back(std::move(result));
    while (clock.when(at + spec.period) < clock.now()) at += spec.period;
  }
}

}  // namespace tocsin::run
