#include "harness/run/caller.h"

#include <fmt/format.h>

#include "harness/http/client.h"
#include "harness/net/timer.h"

namespace tocsin::run {
namespace {

constexpr Nanos kCallTimeout = std::chrono::seconds(10);
constexpr std::size_t kAnswerLimit = 1 << 20;

/// Empty when the answer is the documented one.
std::string complaint(const scenario::AdminEndpoint& endpoint,
                      const net::Outcome<http::Response>& answer) {
  if (answer.has_error()) return net::to_string(answer.error());
  if (answer->status == endpoint.code) return {};
  return fmt::format("answered {}, not {}", answer->status, endpoint.code);
}

}  // namespace

std::vector<faults::Fault> without_call_effects(std::vector<faults::Fault> faults) {
  for (faults::Fault& fault : faults) {
    if (fault.call.empty()) continue;
    fault.changes.clear();
    fault.target_faults.clear();
  }
  return faults;
}

net::Task<void> call_endpoint(net::Loop& loop, const faults::Fault& fault,
                              const scenario::AdminEndpoint& endpoint, http::Url url,
                              net::TlsContextPtr tls, const LiveClock& clock, Duration end,
                              Evidence& evidence) {
  for (std::uint32_t i = 0; i < fault.times && fault.start_of(i) <= end; ++i) {
    const bool due = co_await net::sleep_until(clock.when(fault.start_of(i)));
    if (!due) co_return;
    http::FetchOptions options;
    options.method = endpoint.method;
    options.timeout = kCallTimeout;
    options.limits.body_bytes = kAnswerLimit;
    options.tls = tls;
    options.headers.add("User-Agent", "tocsin");
    http::Url page = url;
    const net::Outcome<http::Response> answer =
        co_await http::fetch(loop, std::move(page), std::move(options));
    if (answer.has_error() && answer.error().kind == net::NetFailure::kCancelled) co_return;
    const std::string why = complaint(endpoint, answer);
    if (why.empty()) continue;
    evidence.run.warnings.push_back(fmt::format("{} {} at {}: {}", endpoint.method, endpoint.path,
                                                format_duration(fault.start_of(i)), why));
  }
}

}  // namespace tocsin::run
