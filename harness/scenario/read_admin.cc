#include <algorithm>

#include <fmt/format.h>

#include "harness/scenario/read.h"
#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

class AdminReader {
 public:
  AdminReader(const yaml::Node::Entry& entry, const Target& target, Problems& problems)
      : key_(*entry.key), node_(*entry.value), target_(target), problems_(problems) {}

  AdminEndpoint read() {
    out_.path = key_.text;
    out_.pos = key_.pos();
    out_.method = text_of(node_.find("method"), out_.method);
    out_.latency = length_of(node_.find("latency"), out_.latency);
    check_path();
    read_code();
    if (const yaml::Node* body = node_.find("body")) {
      out_.body = read_answer_body(*body, target_, problems_);
    }
    read_effect();
    return std::move(out_);
  }

 private:
  void check_path() {
    if (!key_.text.starts_with('/')) problems_.add(key_, "a path begins with \"/\"");
    for (const Endpoint& endpoint : target_.endpoints) {
      if (endpoint.path == out_.path && endpoint.method == out_.method) {
        problems_.add(key_, fmt::format("{} {} is an endpoint too", out_.method, out_.path));
      }
    }
  }

  void read_code() {
    const yaml::Node* code = node_.find("code");
    const std::uint64_t value = count_of(code, 200);
    if (value < 200 || value > 599) problems_.add(*code, "expected an HTTP status, 200 to 599");
    out_.code = static_cast<int>(std::min<std::uint64_t>(value, 599));
  }

  void read_effect() {
    const yaml::Node* effect = node_.find("effect");
    const yaml::Node* length = node_.find("for");
    if (effect == nullptr) {
      if (length != nullptr) {
        problems_.add(*length, "what lasts so long?", "add effect: {SIGNAL: CHANGE}");
      }
      return;
    }
    if (const yaml::Node* call = effect->find("call")) {
      problems_.add(*call, "an effect calls no other endpoint");
      return;
    }
    faults::Fault fault;
    read_target_fault(target_, *effect, problems_, fault);
    fault.length = length_of(length, Duration(0));
    const bool lasts =
        !fault.changes.empty() ||
        std::any_of(fault.target_faults.begin(), fault.target_faults.end(),
                    [](const auto& one) { return one.kind != faults::TargetFaultKind::kRestart; });
    if (lasts && length == nullptr) {
      problems_.add(*effect, "an effect needs the key \"for\" beside it");
    } else if (length != nullptr && fault.length <= Duration(0)) {
      problems_.add(*length, "expected a duration longer than 0s");
    } else {
      check_ramps(*effect, fault, problems_);
    }
    out_.changes = std::move(fault.changes);
    out_.target_faults = std::move(fault.target_faults);
    out_.length = fault.length;
  }

  const yaml::Node& key_;
  const yaml::Node& node_;
  const Target& target_;
  Problems& problems_;
  AdminEndpoint out_;
};

}  // namespace

std::vector<AdminEndpoint> read_admin(const yaml::Node& node, const Target& target,
                                      Problems& problems) {
  std::vector<AdminEndpoint> endpoints;
  for (const yaml::Node::Entry& entry : node.entries) {
    endpoints.push_back(AdminReader(entry, target, problems).read());
  }
  return endpoints;
}

}  // namespace tocsin::scenario
