#include <algorithm>

#include <fmt/format.h>

#include "harness/scenario/read.h"
#include "harness/scenario/values.h"

/// Trouble that a proxy makes, as a scenario writes it under `network` or `toxiproxy`.

namespace tocsin::scenario {
namespace {

using faults::NetworkFault;

class ConnectionFaultReader {
 public:
  ConnectionFaultReader(const yaml::Node& node, Problems& problems)
      : node_(node), problems_(problems) {}

  std::vector<NetworkFault> read() {
    using enum NetworkFault::Kind;
    add("latency", kLatency, [&](const yaml::Node& value, NetworkFault& fault) {
      set_delay(value, fault);
      fault.jitter = length_of(node_.find("jitter"), Duration(0));
    });
    add("bandwidth", kBandwidth, [](const yaml::Node& value, NetworkFault& fault) {
      const auto bandwidth = parse_bandwidth(value.text);
      if (bandwidth.has_value()) fault.bytes_per_second = *bandwidth;
    });
    add("timeout", kTimeout, set_delay);
    add("reset", kReset, set_delay);
    add("refuse", kRefuse, [&](const yaml::Node& value, NetworkFault&) { want_true(value); });
    add("down", kRefuse, [&](const yaml::Node& value, NetworkFault&) { want_true(value); });
    add("cut", kCut, [&](const yaml::Node& value, NetworkFault&) { want_true(value); });
    add("slow_close", kSlowClose, set_delay);
    add("slice", kSlice, [&](const yaml::Node& value, NetworkFault& fault) {
      fault.slice_bytes = static_cast<std::uint32_t>(size(value, 1, 1e9, "1B to 1GB"));
    });
    add("cut_after", kCutAfter, [&](const yaml::Node& value, NetworkFault& fault) {
      fault.limit_bytes = static_cast<std::uint64_t>(size(value, 0, 1e12, "0B to 1TB"));
    });
    check_options();
    return std::move(out_);
  }

 private:
  template <class Set>
  void add(std::string_view key, NetworkFault::Kind kind, Set set) {
    const yaml::Node* value = node_.find(key);
    if (value == nullptr) return;
    NetworkFault fault;
    fault.kind = kind;
    if (has_direction(kind)) fault.direction = direction();
    fault.share = share_of(node_.find("share"), 1);
    fault.pos = value->pos();
    set(*value, fault);
    out_.push_back(fault);
  }

  static void set_delay(const yaml::Node& value, NetworkFault& fault) {
    fault.delay = length_of(&value, Duration(0));
  }

  void want_true(const yaml::Node& value) {
    if (!bool_of(&value, true)) {
      problems_.add(value, "false changes nothing; leave the key out");
    }
  }

  double size(const yaml::Node& value, double least, double most, std::string_view range) {
    const double bytes = value_of(&value, Dimension::kBytes, least);
    if (bytes < least || bytes > most) {
      problems_.add(value, fmt::format("expected a size from {}", range));
    }
    return std::clamp(bytes, least, most);
  }

  NetworkFault::Direction direction() const {
    using enum NetworkFault::Direction;
    const std::string word = text_of(node_.find("direction"));
    if (word == to_string(kUpstream)) return kUpstream;
    return word == to_string(kBoth) ? kBoth : kDownstream;
  }

  void check_options() {
    if (node_.find("jitter") != nullptr && node_.find("latency") == nullptr) {
      problems_.add(*node_.find("jitter"), "jitter goes with a latency");
    }
    const yaml::Node* direction = node_.find("direction");
    const auto directed = [](const NetworkFault& fault) { return has_direction(fault.kind); };
    if (direction != nullptr && std::none_of(out_.begin(), out_.end(), directed)) {
      problems_.add(*direction, "direction goes with what happens to data, like latency");
    }
  }

  const yaml::Node& node_;
  Problems& problems_;
  std::vector<NetworkFault> out_;
};

}  // namespace

std::vector<NetworkFault> read_connection_faults(const yaml::Node& node, Problems& problems) {
  std::vector<NetworkFault> found = ConnectionFaultReader(node, problems).read();
  if (found.empty()) problems.add(node, "this fault does nothing");
  return found;
}

void read_network_fault(const yaml::Node& node, Problems& problems, faults::Fault& fault) {
  if (node.is_map()) fault.network_faults = read_connection_faults(node, problems);
}

}  // namespace tocsin::scenario
