#pragma once

#include <cstdint>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/time.h"

namespace tocsin::faults {

/// Trouble between two ends of a TCP connection, made by a proxy that misbehaves: the one of this
/// folder between load and service (live runs only), or a Toxiproxy somewhere else.
struct NetworkFault {
  enum class Kind {
    kLatency,
    kBandwidth,
    kTimeout,
    kReset,
    kRefuse,
    kSlowClose,
    kSlice,
    kCut,       ///< at the fault's start the connections that stand are reset
    kCutAfter,  ///< each connection is closed after `limit_bytes`
  };
  /// Of the bytes that it concerns: upstream are requests, downstream answers.
  enum class Direction { kDownstream, kUpstream, kBoth };

  Kind kind = Kind::kLatency;
  Duration delay{0};   ///< kLatency, kSlowClose; kTimeout and kReset: how long to wait before
  Duration jitter{0};  ///< kLatency
  double bytes_per_second = 0;    ///< kBandwidth
  std::uint32_t slice_bytes = 0;  ///< kSlice
  std::uint64_t limit_bytes = 0;  ///< kCutAfter
  Direction direction = Direction::kDownstream;
  double share = 1;  ///< of connections, drawn once a connection
  SourcePos pos = {};
};

std::string_view to_string(NetworkFault::Kind kind);
std::string_view to_string(NetworkFault::Direction direction);
/// Refused and cut connections are so as a whole.
bool has_direction(NetworkFault::Kind kind);
/// Whether bytes that go this way (kDownstream or kUpstream) are concerned.
bool concerns(const NetworkFault& fault, NetworkFault::Direction way);
/// "latency 300ms ± 50ms upstream for 20%".
std::string describe(const NetworkFault& fault);

}  // namespace tocsin::faults
