#pragma once

#include <string>

#include "harness/yaml/node.h"

namespace tocsin::scenario {

/// A YAML value as JSON: plain true, false, null and numbers as such, all other scalars as texts.
std::string json_text(const yaml::Node& node);

}  // namespace tocsin::scenario
