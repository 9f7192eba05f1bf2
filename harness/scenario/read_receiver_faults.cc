#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/scenario/read.h"
#include "harness/scenario/values.h"

/// Trouble at receivers of notifications, as a scenario writes it under `receiver`.

namespace tocsin::scenario {
namespace {

using faults::ReceiverFault;
using Kind = faults::ReceiverFault::Kind;

constexpr std::array<Kind, 4> kPlainKinds = {Kind::kDown, Kind::kHang, Kind::kDrop,
                                             Kind::kRefuseRecipients};

class ReceiverFaultReader {
 public:
  ReceiverFaultReader(std::string receiver, const yaml::Node& node, Problems& problems)
      : node_(node), problems_(problems) {
    out_.receiver = std::move(receiver);
    out_.pos = node.pos();
  }

  ReceiverFault read() {
    if (node_.is_scalar()) {
      for (const Kind kind : kPlainKinds) {
        if (to_string(kind) == node_.text) out_.kind = kind;
      }
      return std::move(out_);
    }
    for (const Kind kind : kPlainKinds) {
      const yaml::Node* value = node_.find(to_string(kind));
      if (value == nullptr) continue;
      if (!bool_of(value, true)) {
        problems_.add(*value, "false changes nothing; leave the key out");
      }
      choose(kind, *value);
    }
    if (const yaml::Node* status = node_.find("status")) read_status(*status);
    read_delay();
    if (chosen_ == nullptr) {
      problems_.add(node_, "this fault does nothing", "like status: 503, delay: 5s or down: true");
    }
    return std::move(out_);
  }

 private:
  /// One thing at a time; a late answer is still one.
  void choose(Kind kind, const yaml::Node& value) {
    if (chosen_ != nullptr) {
      problems_.add(value, "a receiver has one trouble at a time",
                    "write two faults, one after the other");
      return;
    }
    out_.kind = kind;
    chosen_ = &value;
  }

  void read_status(const yaml::Node& node) {
    choose(Kind::kStatus, node);
    const std::uint64_t status = count_of(&node, 0);
    if (status < 200 || status > 599) {
      problems_.add(node, "expected a status from 200 to 599, like 503");
    }
    out_.status = static_cast<int>(std::min<std::uint64_t>(status, 599));
  }

  void read_delay() {
    const yaml::Node* retry = node_.find("retry_after");
    if (retry != nullptr && out_.status == 0) {
      problems_.add(*retry, "retry_after goes with a status", "like status: 429");
    }
    if (retry != nullptr) out_.retry_after = length_of(retry, Duration(0));
    const yaml::Node* delay = node_.find("delay");
    if (delay == nullptr) return;
    out_.delay = length_of(delay, Duration(1));
    if (out_.delay <= Duration(0)) problems_.add(*delay, "expected a duration longer than 0s");
    if (chosen_ == nullptr) {
      choose(Kind::kDelay, *delay);
    } else if (out_.kind != Kind::kStatus && out_.kind != Kind::kRefuseRecipients) {
      problems_.add(*delay, fmt::format("a receiver with \"{}\" gives no answer that could be late",
                                        to_string(out_.kind)));
    }
  }

  const yaml::Node& node_;
  Problems& problems_;
  const yaml::Node* chosen_ = nullptr;  ///< what decided the kind
  ReceiverFault out_;
};

}  // namespace

void read_receiver_faults(const System& system, const yaml::Node& node, Problems& problems,
                          faults::Fault& fault) {
  if (!node.is_map()) return;
  if (node.entries.empty()) problems.add(node, "this fault does nothing");
  if (!system.routes_alerts()) {
    problems.add(node, fmt::format("the system \"{}\" tells nobody of alerts", system.name),
                 "its system.yaml needs alertmanager: alertmanager.yml");
    return;
  }
  for (const yaml::Node::Entry& entry : node.entries) {
    const auto& known = system.receiver_names;
    const std::string& name = entry.key->text;
    if (!known.empty() && std::find(known.begin(), known.end(), name) == known.end()) {
      problems.unknown(*entry.key,
                       fmt::format("the system \"{}\" has no receiver \"{}\"", system.name, name),
                       name, known);
    }
    fault.receiver_faults.push_back(ReceiverFaultReader(name, *entry.value, problems).read());
  }
}

}  // namespace tocsin::scenario
