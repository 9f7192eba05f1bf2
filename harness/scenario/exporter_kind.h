#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/yaml/node.h"

/// The exporters that Tocsin knows by name (`kind: node`). What they export stands in
/// fakes/exporters/*.yaml, in the language of system files, and is a part of the binary.

namespace tocsin::scenario {

const std::vector<std::string>& exporter_kinds();

/// `exporter` laid over the description of its kind, which its options (cores, databases, …) give
/// its shape; the node itself when it names no kind that is known. Options that are wrong, or
/// another kind's, are reported.
yaml::NodePtr expand_exporter_kind(const yaml::NodePtr& exporter, Diagnostics& diagnostics);

/// What its kind says an exporter's signals are, by name: formulas, and of distributions a
/// percentile. `exporter` may be what expand_exporter_kind() made of it; empty without a kind.
std::map<std::string, std::string> kind_formulas(const yaml::Node& exporter);

}  // namespace tocsin::scenario
