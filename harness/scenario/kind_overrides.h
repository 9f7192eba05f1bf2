#pragma once

#include "harness/scenario/problems.h"
#include "harness/scenario/system.h"

namespace tocsin::scenario {

/// Whether nothing is wrong with what an exporter says of signals beside its kind: one that the
/// kind does not have is read by something that the exporter adds, and one that it has keeps its
/// unit. `node` is what expand_exporter_kind() made of the exporter, `target` what was read of it.
bool check_kind_overrides(const yaml::Node& node, const Target& target, Problems& problems);

}  // namespace tocsin::scenario
