#include "harness/scenario/json_text.h"

#include <nlohmann/json.hpp>

#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const yaml::Node& node) {
  switch (node.kind) {
    case yaml::Node::Kind::kNull:
      return nullptr;
    case yaml::Node::Kind::kScalar: {
      if (!node.plain) return node.text;
      if (const auto truth = parse_bool(node.text); truth.has_value()) return *truth;
      // JSON's own reading keeps 1 and 1.0 apart.
      ordered_json number = ordered_json::parse(node.text, nullptr, false);
      return number.is_number() ? number : ordered_json(node.text);
    }
    case yaml::Node::Kind::kList: {
      ordered_json list = ordered_json::array();
      for (const yaml::NodePtr& item : node.items) list.push_back(to_json(*item));
      return list;
    }
    case yaml::Node::Kind::kMap: {
      ordered_json map = ordered_json::object();
      for (const yaml::Node::Entry& entry : node.entries)
        map[entry.key->text] = to_json(*entry.value);
      return map;
    }
  }
  return nullptr;
}

}  // namespace

std::string json_text(const yaml::Node& node) {
  return to_json(node).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace tocsin::scenario
