#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/scenario/read.h"
#include "harness/scenario/signal_change.h"
#include "harness/scenario/values.h"

/// What a fault does to one target, as a scenario writes it under the target's name.

namespace tocsin::scenario {
namespace {

using faults::Fault;
using faults::SignalChange;
using faults::TargetFaultKind;

struct TargetFaultWord {
  std::string_view word;
  TargetFaultKind kind;
};
constexpr std::array<TargetFaultWord, 5> kTargetFaults = {
    {{"down", TargetFaultKind::kDown},
     {"hang", TargetFaultKind::kHang},
     {"slow_scrape", TargetFaultKind::kSlowScrape},
     {"malformed_scrape", TargetFaultKind::kMalformedScrape},
     {"restart", TargetFaultKind::kRestart}}};

std::optional<TargetFaultKind> target_fault_of(std::string_view word) {
  for (const TargetFaultWord& known : kTargetFaults) {
    if (known.word == word) return known.kind;
  }
  return std::nullopt;
}

class TargetFaultReader {
 public:
  TargetFaultReader(const Target& target, Problems& problems, Fault& fault)
      : target_(target), problems_(problems), fault_(fault) {}

  void read(const yaml::Node& node) {
    if (node.is_scalar()) {
      if (const auto kind = target_fault_of(node.text)) add_target_fault(node, *kind, Duration(0));
      return;
    }
    if (const yaml::Node* call = node.find("call")) return read_call(node, *call);
    for (const yaml::Node::Entry& entry : node.entries) {
      if (const auto kind = target_fault_of(entry.key->text)) {
        read_target_fault(entry, *kind);
      } else if (entry.value->is_map()) {
        read_endpoint(entry);
      } else {
        read_change({}, entry);
      }
    }
    if (node.is_map() && node.entries.empty()) problems_.add(node, "this fault does nothing");
  }

 private:
  /// The effect comes in place of the call.
  void read_call(const yaml::Node& node, const yaml::Node& call) {
    if (node.entries.size() > 1) {
      problems_.add(call, "a call stands alone in its fault",
                    "write two faults; they may be at the same time");
    }
    if (!call.is_scalar()) return;
    std::vector<std::string> known;
    for (const AdminEndpoint& endpoint : target_.admin) {
      known.push_back(endpoint.path);
      if (endpoint.path != call.text) continue;
      fault_.call = endpoint.path;
      fault_.changes = endpoint.changes;
      fault_.target_faults = endpoint.target_faults;
      fault_.length = endpoint.length;
      return;
    }
    problems_.unknown(call, fmt::format("{} has no admin endpoint \"{}\"", target_.name, call.text),
                      call.text, known);
  }

  void read_target_fault(const yaml::Node::Entry& entry, TargetFaultKind kind) {
    if (kind == TargetFaultKind::kSlowScrape) {
      add_target_fault(*entry.key, kind, length_of(entry.value.get(), Duration(1)));
    } else if (bool_of(entry.value.get(), true)) {
      add_target_fault(*entry.key, kind, Duration(0));
    } else {
      problems_.add(*entry.value, "false changes nothing; leave the key out");
    }
  }

  void add_target_fault(const yaml::Node& at, TargetFaultKind kind, Duration delay) {
    fault_.target_faults.push_back({kind, delay, at.pos()});
  }

  void read_endpoint(const yaml::Node::Entry& entry) {
    std::vector<std::string> known;
    for (const Endpoint& endpoint : target_.endpoints) known.push_back(endpoint.name);
    const std::string& name = entry.key->text;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      if (find_signal(target_, name)) {
        problems_.add(*entry.value, fmt::format("\"{}\" is a signal; expected {}", name,
                                                describe(Scalar::kChange)));
        return;
      }
      problems_.unknown(*entry.key, fmt::format("{} has no endpoint \"{}\"", target_.name, name),
                        name, known);
      return;
    }
    for (const yaml::Node::Entry& change : entry.value->entries) read_change(name, change);
  }

  void read_change(const std::string& endpoint, const yaml::Node::Entry& entry) {
    const std::string& name = entry.key->text;
    const auto signal = find_signal(target_, name);
    if (signal && signal->of_service) {
      problems_.add(*entry.key,
                    fmt::format("\"{}\" is the service's, not {}'s", name, target_.name),
                    fmt::format("service: {{{}: …}}", name.substr(kOfService.size())));
      return;
    }
    if (!signal) {
      std::vector<std::string> known = signal_names(target_);
      for (const TargetFaultWord& word : kTargetFaults) known.emplace_back(word.word);
      problems_.unknown(*entry.key, fmt::format("{} has no signal \"{}\"", target_.name, name),
                        name, known);
      return;
    }
    if (!signal->settable && !signal->builtin) {
      problems_.add(*entry.key,
                    fmt::format("\"{}\" follows from other signals; faults cannot move it", name),
                    fmt::format("move {}", fmt::join(drivers_of(target_, name), ", ")));
      return;
    }
    if (!signal->settable) {
      problems_.add(*entry.key,
                    fmt::format("\"{}\" follows from the traffic; faults cannot move it", name));
      return;
    }
    if (!endpoint.empty() && !(signal->builtin && signal->settable)) {
      problems_.add(*entry.key, fmt::format("\"{}\" belongs to no endpoint", name),
                    "endpoints have error_rate, latency and latency.p95");
      return;
    }
    if (!entry.value->is_scalar()) return;
    auto change = parse_change(entry.value->text, signal->dimension);
    if (change.has_error()) {
      Error error = change.error();
      error.context.push_back(fmt::format("\"{}\" is a {}", name, to_string(signal->dimension)));
      problems_.add_parse_error(*entry.value, std::move(error));
      return;
    }
    change->signal = name;
    change->endpoint = endpoint;
    change->pos = entry.key->pos();
    check_bounds(*entry.value, *signal, *change);
    fault_.changes.push_back(std::move(*change));
  }

  void check_bounds(const yaml::Node& node, const SignalName& signal, const SignalChange& change) {
    if (change.kind != SignalChange::Kind::kSet) return;
    const double low = std::min(change.value, change.from.value_or(change.value));
    const double high = std::max(change.value, change.from.value_or(change.value));
    if (signal.builtin && signal.base == "error_rate" && (low < 0 || high > 1)) {
      problems_.add(node, "an error rate is from 0% to 100%");
    }
    for (const Signal& declared : target_.signals) {
      if (declared.name != signal.base || signal.percentile) continue;
      auto problem = out_of_bounds(declared, high);
      if (!problem) problem = out_of_bounds(declared, low);
      if (problem) problems_.add(node, std::move(*problem));
    }
    if (signal.distribution && low <= 0) {
      problems_.add(node, fmt::format("\"{}\" is always above 0", change.signal));
    }
  }

  const Target& target_;
  Problems& problems_;
  Fault& fault_;
};

}  // namespace

void read_target_fault(const Target& target, const yaml::Node& node, Problems& problems,
                       Fault& fault) {
  TargetFaultReader(target, problems, fault).read(node);
}

void refuse_length_of_call(const yaml::Node& length, const Fault& fault, Problems& problems) {
  problems.add(length,
               fmt::format("the effect of {} lasts {}, as the system says", fault.call,
                           format_duration(fault.length)),
               "leave \"for\" out");
}

void check_ramps(const yaml::Node& node, const Fault& fault, Problems& problems) {
  for (const SignalChange& change : fault.changes) {
    if (change.over <= fault.length) continue;
    problems.add(
        node, fmt::format("the ramp of \"{}\" takes {}, longer than the fault ({})", change.signal,
                          format_duration(change.over), format_duration(fault.length)));
  }
}

}  // namespace tocsin::scenario
