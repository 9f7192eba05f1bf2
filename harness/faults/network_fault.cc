#include "harness/faults/network_fault.h"

#include <fmt/format.h>

#include "harness/base/units.h"

namespace tocsin::faults {

std::string_view to_string(NetworkFault::Kind kind) {
  switch (kind) {
    case NetworkFault::Kind::kLatency:
      return "latency";
    case NetworkFault::Kind::kBandwidth:
      return "bandwidth";
    case NetworkFault::Kind::kTimeout:
      return "timeout";
    case NetworkFault::Kind::kReset:
      return "reset";
    case NetworkFault::Kind::kRefuse:
      return "refuse";
    case NetworkFault::Kind::kSlowClose:
      return "slow_close";
    case NetworkFault::Kind::kSlice:
      return "slice";
    case NetworkFault::Kind::kCut:
      return "cut";
    case NetworkFault::Kind::kCutAfter:
      return "cut_after";
  }
  return "";
}

std::string_view to_string(NetworkFault::Direction direction) {
  switch (direction) {
    case NetworkFault::Direction::kDownstream:
      return "downstream";
    case NetworkFault::Direction::kUpstream:
      return "upstream";
    case NetworkFault::Direction::kBoth:
      return "both";
  }
  return "";
}

bool has_direction(NetworkFault::Kind kind) {
  return kind != NetworkFault::Kind::kRefuse && kind != NetworkFault::Kind::kCut;
}

bool concerns(const NetworkFault& fault, NetworkFault::Direction way) {
  if (!has_direction(fault.kind) || fault.direction == NetworkFault::Direction::kBoth) return true;
  return fault.direction == way;
}

std::string describe(const NetworkFault& fault) {
  using Kind = NetworkFault::Kind;
  const auto bytes = [](double value) { return format_quantity({value, Dimension::kBytes}); };
  std::string text(to_string(fault.kind));
  if (fault.kind == Kind::kBandwidth) {
    text += " " + bytes(fault.bytes_per_second) + "/s";
  } else if (fault.kind == Kind::kSlice) {
    text += fmt::format(" {}B", fault.slice_bytes);
  } else if (fault.kind == Kind::kCutAfter) {
    text += " " + bytes(static_cast<double>(fault.limit_bytes));
  } else if (fault.delay > Duration(0)) {
    text += " " + format_duration(fault.delay);
  }
  if (fault.jitter > Duration(0)) text += " ± " + format_duration(fault.jitter);
  if (fault.direction == NetworkFault::Direction::kUpstream) text += " upstream";
  if (fault.direction == NetworkFault::Direction::kBoth) text += " both ways";
  if (fault.share < 1) text += " for " + format_quantity({fault.share, Dimension::kRatio});
  return text;
}

}  // namespace tocsin::faults
