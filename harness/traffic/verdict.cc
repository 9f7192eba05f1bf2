#include "harness/traffic/verdict.h"

#include <algorithm>

#include <fmt/format.h>

namespace tocsin::traffic {
namespace {

constexpr double kLateAtMost = 0.01;
/// So many late requests are no verdict on a run of a few dozen.
constexpr double kHiccups = 2;
constexpr double kOfferedAtLeast = 0.99;
constexpr double kBusyAtMost = 0.95;

bool has_schedule(const Traffic& traffic) {
  return std::any_of(traffic.phases.begin(), traffic.phases.end(),
                     [](const Phase& phase) { return !phase.users && !phase.warm_up; });
}

}  // namespace

std::string invalid_reason(const LoadOptions& options, const LoadCounts& total,
                           const GeneratorState& generator) {
  if (generator.behind > options.lag_limit) {
    return fmt::format(
        "the load generator ended {} behind its schedule: nothing on this machine can keep that "
        "rate",
        format_latency(generator.behind));
  }
  const double sent = static_cast<double>(total.send_lag.count());
  const double late = sent - static_cast<double>(total.send_lag.count_at_most(options.lag_limit));
  if (late > std::max(kLateAtMost * sent, kHiccups)) {
    return fmt::format(
        "the load generator was late: 1 % of its requests left at least {} after they should have, "
        "though a connection was free (limit {})",
        format_latency(total.send_lag.quantile(1 - kLateAtMost)),
        format_latency(options.lag_limit));
  }
  if (!has_schedule(options.traffic)) return "";
  const Nanos waited = total.response.quantile(0.99) - total.service.quantile(0.99);
  if (generator.busy > kBusyAtMost && waited > options.lag_limit) {
    return fmt::format(
        "the load generator had no time left: a thread was busy {:.0f} % of the time while "
        "requests "
        "waited for a connection; use more threads or a lower rate",
        100 * generator.busy);
  }
  const double scheduled = static_cast<double>(total.ledger.scheduled);
  const std::uint64_t withheld =
      total.ledger.dropped + std::min(generator.never_sent, total.ledger.unfinished);
  if (static_cast<double>(withheld) > (1 - kOfferedAtLeast) * scheduled) {
    return fmt::format(
        "only {:.1f} % of the scheduled requests could be sent: all {} connections were waiting "
        "for "
        "answers, so {} requests were dropped and {} still waited for a connection at the end; "
        "allow more connections if the target may stall for so long",
        100 - 100 * static_cast<double>(withheld) / scheduled, options.connections,
        total.ledger.dropped, withheld - total.ledger.dropped);
  }
  return "";
}

}  // namespace tocsin::traffic
