#pragma once

#include <functional>
#include <string>

#include "harness/yaml/node.h"

namespace tocsin::check {

/// Calls f(key, node) for every scalar of a mapping and all below.
inline void for_scalars(const yaml::Node& node, const std::string& key,
                        const std::function<void(const std::string&, const yaml::Node&)>& f) {
  if (node.is_scalar()) f(key, node);
  for (const yaml::NodePtr& item : node.items) {
    if (item) for_scalars(*item, key, f);
  }
  for (const auto& [name, value] : node.entries) {
    if (value) for_scalars(*value, name->text, f);
  }
}

}  // namespace tocsin::check
