#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "harness/base/random.h"
#include "harness/base/time.h"
#include "harness/faults/fault.h"

/// What network faults do to a connection, as data. Each fault is a file network_<kind>.cc with one
/// function that writes its part of a Treatment; the proxy (proxy.h) carries it out. The meaning
/// follows Toxiproxy 2.12: without a direction faults act on what comes back from the service, so
/// that it sees and counts requests whose answers never arrive.

namespace tocsin::faults {

/// How the proxy treats bytes that go one way, and the end of the connection.
struct Treatment {
  Nanos delay{0};                    ///< before bytes are passed on
  double bytes_per_second = 0;       ///< 0: as fast as it goes
  std::size_t slice_bytes = 0;       ///< written in pieces of this size; 0: whole
  Nanos close_delay{0};              ///< before the end of the stream is passed on
  std::optional<Nanos> reset_after;  ///< instead of passing bytes on: RST after so long
  /// Instead of passing bytes on: hold them back, and close after so long; zero: when the fault
  /// ends.
  std::optional<Nanos> timeout_after;
  std::optional<std::uint64_t> limit_bytes;  ///< so many pass, then both sides are closed
  bool refused = false;                      ///< no such connection at all

  bool operator==(const Treatment&) const = default;
};

void apply_latency(const NetworkFault& fault, Random& random, Treatment& treatment);
void apply_bandwidth(const NetworkFault& fault, Random& random, Treatment& treatment);
void apply_timeout(const NetworkFault& fault, Random& random, Treatment& treatment);
void apply_reset(const NetworkFault& fault, Random& random, Treatment& treatment);
void apply_refuse(const NetworkFault& fault, Random& random, Treatment& treatment);
void apply_slow_close(const NetworkFault& fault, Random& random, Treatment& treatment);
void apply_slice(const NetworkFault& fault, Random& random, Treatment& treatment);
/// Nothing: what stands when the fault begins is the proxy's to know.
void apply_cut(const NetworkFault& fault, Random& random, Treatment& treatment);
void apply_cut_after(const NetworkFault& fault, Random& random, Treatment& treatment);

/// All faults in force together, for bytes that go one `way` (kDownstream or kUpstream). `lot` is
/// drawn once a connection, from [0, 1): a fault with a share concerns the connections below it, so
/// that faults of equal share meet the same ones.
Treatment treatment_of(std::span<const NetworkFault> faults, NetworkFault::Direction way,
                       double lot, Random& random);

}  // namespace tocsin::faults
