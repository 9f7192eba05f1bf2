#pragma once

#include <string>

#include "harness/scenario/yaml_document.h"

namespace tocsin::scenario {

/// A YAML value as JSON: plain true, false, null and numbers as such, all other scalars as texts.
std::string json_text(const YamlNode& node);

}  // namespace tocsin::scenario
