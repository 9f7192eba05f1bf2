#include "harness/scenario/fault_request.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/scenario/language.h"
#include "harness/scenario/read.h"
#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

using Json = nlohmann::ordered_json;
using faults::Fault;

/// "Until it is cleared": longer than anybody serves.
constexpr Duration kUntilCleared = kLongestRun;
constexpr std::size_t kLongestName = 100;
/// A request is three deep.
constexpr int kDeepestRequest = 8;

/// JSON as the tree that the readers of scenarios take: what a YAML file would say.
class JsonTree {
 public:
  /// Null when it is too deep.
  yaml::NodePtr node_of(const Json& json, int depth = 0) const {
    if (depth > kDeepestRequest) return nullptr;
    auto node = std::make_shared<yaml::Node>();
    node->source = source_;
    if (json.is_object()) return with_entries(std::move(node), json, depth);
    if (json.is_array()) return with_items(std::move(node), json, depth);
    if (json.is_null()) return node;
    node->kind = yaml::Node::Kind::kScalar;
    node->plain = !json.is_string();
    node->text = json.is_string() ? json.get<std::string>() : json.dump();
    return node;
  }

 private:
  yaml::NodePtr text_node(const std::string& text) const { return node_of(Json(text)); }

  yaml::NodePtr with_entries(std::shared_ptr<yaml::Node> node, const Json& json, int depth) const {
    node->kind = yaml::Node::Kind::kMap;
    for (const auto& [key, value] : json.items()) {
      yaml::NodePtr below = node_of(value, depth + 1);
      if (below == nullptr) return nullptr;
      node->entries.push_back({text_node(key), std::move(below)});
    }
    return node;
  }

  yaml::NodePtr with_items(std::shared_ptr<yaml::Node> node, const Json& json, int depth) const {
    node->kind = yaml::Node::Kind::kList;
    for (const Json& item : json) {
      yaml::NodePtr below = node_of(item, depth + 1);
      if (below == nullptr) return nullptr;
      node->items.push_back(std::move(below));
    }
    return node;
  }

  std::shared_ptr<const yaml::SourceText> source_ =
      std::make_shared<yaml::SourceText>("request", "");
};

Fault read_request(const System& system, const yaml::Node& root, Duration now, Problems& problems) {
  Fault fault;
  fault.at = now;
  fault.name = text_of(root.find("name"));
  if (fault.name.size() > kLongestName) {
    problems.add(*root.find("name"), "the name is longer than 100 bytes");
  }
  const yaml::Node* length = root.find("for");
  fault.length = length_of(length, kUntilCleared);
  if (fault.length <= Duration(0)) problems.add(*length, "expected a duration longer than 0s");
  const yaml::Node* name = root.find("target");
  if (name == nullptr || !name->is_scalar()) return fault;
  const Target* target = system.target(name->text);
  if (target == nullptr) {
    std::vector<std::string> known = {system.service.name};
    for (const Target& exporter : system.exporters) known.push_back(exporter.name);
    problems.unknown(*name, fmt::format("the system has no target \"{}\"", name->text), name->text,
                     known);
    return fault;
  }
  fault.target = name->text;
  if (const yaml::Node* changes = root.find("changes")) {
    read_target_fault(*target, *changes, problems, fault);
  }
  if (!fault.call.empty() && length != nullptr) refuse_length_of_call(*length, fault, problems);
  check_ramps(root, fault, problems);
  return fault;
}

/// Without a place, which would be one in our own tree.
Error first_of(const Diagnostics& diagnostics) {
  const Error first = diagnostics.sorted().front();
  Error error = input_error({}, first.message);
  for (const std::string& context : first.context) error.message += "; " + context;
  error.hints = first.hints;
  return error;
}

}  // namespace

Result<Fault> read_fault_request(const System& system, std::string_view json, Duration now) {
  const Json request = Json::parse(json, nullptr, false);
  const yaml::NodePtr root = request.is_discarded() ? nullptr : JsonTree().node_of(request);
  if (root == nullptr) {
    Error error = input_error(
        {}, request.is_discarded() ? "the body is not JSON" : "the body is nested too deeply");
    error.hints.emplace_back(R"(like {"target": "service", "changes": {…}})");
    return error;
  }
  Diagnostics diagnostics;
  Problems problems(diagnostics);
  check_shape(*root, map_of(kFaultRequestTable), problems);
  Fault fault = read_request(system, *root, now, problems);
  if (!diagnostics.ok()) return first_of(diagnostics);
  return fault;
}

}  // namespace tocsin::scenario
