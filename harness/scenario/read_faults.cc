#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "harness/scenario/read.h"
#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

using faults::Fault;
using faults::NetworkFault;
using faults::TargetFault;
using faults::TargetFaultKind;

constexpr std::uint64_t kMostOccurrences = 10'000;
/// Of all faults together: each is an event of the evidence.
constexpr std::uint64_t kMostOccurrencesInAll = 100'000;

/// Keys of a fault that name no target.
constexpr std::array<std::string_view, 4> kOwnKeys = {"name", "at", "for", "repeat"};

class FaultReader {
 public:
  FaultReader(const yaml::Node& node, const System& system, std::optional<Duration> traffic_end,
              const RunTimes& times, Problems& problems)
      : node_(node),
        system_(system),
        traffic_end_(traffic_end),
        times_(times),
        problems_(problems) {}

  Fault read(std::size_t index) {
    fault_.pos = node_.pos();
    fault_.name = index == 0 ? "fault" : fmt::format("fault {}", index + 1);
    fault_.name = text_of(node_.find("name"), fault_.name);
    read_what();
    read_start();
    read_length();
    if (const yaml::Node* repeat = node_.find("repeat")) read_repeat(*repeat);
    return std::move(fault_);
  }

 private:
  void read_what() {
    bool misspelt = false;
    for (const yaml::Node::Entry& entry : node_.entries) {
      const std::string& key = entry.key->text;
      if (is_one_of(kOwnKeys, key)) continue;
      if (is_one_of(kActionKeys, key)) {
        read_action_of(entry);
      } else if (system_.target(key) != nullptr || key == "network" || key == "receiver") {
        read_target_of(entry);
      } else {
        unknown_target(*entry.key);
        misspelt = true;
      }
    }
    if (target_ == nullptr && action_ == nullptr && !misspelt) {
      problems_.add(node_, "this fault does nothing",
                    "name a target and what happens to it, like service: {error_rate: 8%}");
    }
    if (action_ == nullptr || !fault_.action) return;
    if (target_ == nullptr) {
      fault_.target = action_->text;
    } else if (!fault_.moves_target() || !fault_.call.empty()) {
      problems_.add(*action_,
                    fmt::format("\"{}\" goes alone, or with what happens to the service or an "
                                "exporter",
                                action_->text),
                    "write two faults; they may be at the same time");
    }
  }

  static bool is_one_of(std::span<const std::string_view> keys, std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  }

  void read_action_of(const yaml::Node::Entry& entry) {
    if (action_ != nullptr) {
      problems_.add(*entry.key, "a fault is made in one way",
                    "write two faults; they may be at the same time");
      return;
    }
    action_ = entry.key.get();
    read_action(action_->text, *entry.value, problems_, fault_);
  }

  void read_target_of(const yaml::Node::Entry& entry) {
    if (target_ != nullptr) {
      problems_.add(*entry.key, "a fault has one target",
                    "write two faults; they may be at the same time");
      return;
    }
    target_ = entry.key.get();
    fault_.target = target_->text;
    if (const Target* target = system_.target(fault_.target)) {
      read_target_fault(*target, *entry.value, problems_, fault_);
    } else if (fault_.target == "network") {
      read_network_fault(*entry.value, problems_, fault_);
    } else {
      read_receiver_faults(system_, *entry.value, problems_, fault_);
    }
  }

  void unknown_target(const yaml::Node& key) {
    std::vector<std::string> known = {"service", "network", "receiver"};
    for (const Target& exporter : system_.exporters) known.push_back(exporter.name);
    known.insert(known.end(), kOwnKeys.begin(), kOwnKeys.end());
    known.insert(known.end(), kActionKeys.begin(), kActionKeys.end());
    problems_.unknown(key,
                      fmt::format("a fault has no key \"{}\", and the system no exporter of that "
                                  "name",
                                  key.text),
                      key.text, known);
  }

  void read_start() {
    const yaml::Node* node = node_.find("at");
    if (node == nullptr || !node->is_scalar()) return;
    const auto at = times_.point(node->text);
    if (at.has_error()) {
      problems_.add_parse_error(*node, at.error());
      return;
    }
    fault_.at = at->offset;
    if (traffic_end_ && fault_.at >= *traffic_end_) {
      problems_.add(*node, fmt::format("this fault begins {} after the start, but the traffic ends "
                                       "at {}",
                                       format_duration(fault_.at), format_duration(*traffic_end_)));
    }
  }

  /// Whether it has no length of its own: it only restarts a target or cuts connections.
  bool is_momentary() const {
    const auto restarts = [](const TargetFault& fault) {
      return fault.kind == TargetFaultKind::kRestart;
    };
    const auto cuts = [](const NetworkFault& fault) {
      return fault.kind == NetworkFault::Kind::kCut;
    };
    return fault_.changes.empty() && !fault_.action &&
           (!fault_.target_faults.empty() || !fault_.network_faults.empty()) &&
           std::all_of(fault_.target_faults.begin(), fault_.target_faults.end(), restarts) &&
           std::all_of(fault_.network_faults.begin(), fault_.network_faults.end(), cuts);
  }

  void read_length() {
    const yaml::Node* node = node_.find("for");
    if (!fault_.call.empty()) {
      if (node != nullptr) refuse_length_of_call(*node, fault_, problems_);
    } else if (node != nullptr) {
      fault_.length = length_of(node, Duration(1));
      if (fault_.length <= Duration(0)) problems_.add(*node, "expected a duration longer than 0s");
    } else if (traffic_end_ && !is_momentary()) {
      fault_.length = std::max(Duration(0), *traffic_end_ - fault_.at);
    } else if (!is_momentary()) {
      problems_.add(node_, "a fault needs the key \"for\" in a scenario without traffic");
    }
    if (fault_.at + fault_.length > kLongestRun) {
      problems_.add(node_, "this fault ends later than 366d after the start");
    }
    check_ramps(node_, fault_, problems_);
  }

  void read_repeat(const yaml::Node& node) {
    const yaml::Node* every = node.find("every");
    if (every == nullptr || !every->is_scalar()) return;
    fault_.every = length_of(every, Duration(1));
    if (fault_.every <= Duration(0)) {
      problems_.add(*every, "expected a duration longer than 0s");
      return;
    }
    if (node_.find("for") == nullptr && !is_momentary() && fault_.call.empty()) {
      problems_.add(node, "a repeated fault needs the key \"for\"");
      return;
    }
    if (fault_.every < fault_.length) {
      problems_.add(*every, fmt::format("the fault lasts {}, so it would overlap itself",
                                        format_duration(fault_.length)));
      return;
    }
    read_times(node);
  }

  void read_times(const yaml::Node& node) {
    const yaml::Node* times = node.find("times");
    std::uint64_t count = 0;
    if (times != nullptr) {
      count = count_of(times, 1);
    } else if (traffic_end_) {
      const Duration left = std::max(Duration(0), *traffic_end_ - fault_.at);
      count = static_cast<std::uint64_t>((left + fault_.every - Duration(1)) / fault_.every);
      count = std::max<std::uint64_t>(count, 1);
    } else {
      problems_.add(node, "a repetition needs the key \"times\" in a scenario without traffic");
      return;
    }
    if (count == 0 || count > kMostOccurrences) {
      problems_.add(times != nullptr ? *times : node, "expected 1 to 10000 times");
      return;
    }
    fault_.times = static_cast<std::uint32_t>(count);
    const Duration last = fault_.start_of(fault_.times - 1);
    if (times != nullptr && traffic_end_ && last >= *traffic_end_) {
      problems_.add(*times, fmt::format("the last of them begins {} after the start, but the "
                                        "traffic ends at {}",
                                        format_duration(last), format_duration(*traffic_end_)));
    }
    if (last + fault_.length > kLongestRun) {
      problems_.add(node, "the last of them ends later than 366d after the start");
    }
  }

  const yaml::Node& node_;
  const System& system_;
  std::optional<Duration> traffic_end_;
  const RunTimes& times_;
  Problems& problems_;
  const yaml::Node* target_ = nullptr;  ///< the keys that name them
  const yaml::Node* action_ = nullptr;
  Fault fault_;
};

void add_event(const yaml::Node& node, const Fault& fault, RunTimes& times, Problems& problems) {
  const yaml::Node* name = node.find("name");
  const yaml::Node& at = name != nullptr ? *name : node;
  if (name != nullptr) {
    if (auto error = check_event_name(fault.name)) {
      problems.add_parse_error(at, *error);
      return;
    }
  }
  std::vector<RunTimes::Span> spans;
  for (std::uint32_t i = 0; i < fault.times; ++i) {
    spans.push_back({fault.start_of(i), fault.end_of(i)});
  }
  if (!times.add(RunTimes::Kind::kFault, fault.name, std::move(spans))) {
    problems.add(at, fmt::format("there is another \"{}\" above", fault.name));
  }
}

}  // namespace

std::vector<Fault> read_faults(const yaml::Node& node, const System& system,
                               std::optional<Duration> traffic_end, RunTimes& times,
                               Problems& problems) {
  std::vector<Fault> faults;
  std::uint64_t occurrences = 0;
  const auto read_fault = [&](const yaml::Node& item) {
    if (!item.is_map() || occurrences > kMostOccurrencesInAll) return;
    faults.push_back(FaultReader(item, system, traffic_end, times, problems).read(faults.size()));
    occurrences += faults.back().times;
    if (occurrences > kMostOccurrencesInAll) {
      problems.add(item, "with this one the faults happen more than 100000 times in all");
      return;
    }
    add_event(item, faults.back(), times, problems);
  };
  if (node.is_map()) read_fault(node);
  for (const yaml::NodePtr& item : node.items) read_fault(*item);
  return faults;
}

}  // namespace tocsin::scenario
