#pragma once

#include <string>
#include <vector>

#include "harness/alerting/config.h"

/// What Alertmanager demands of each integration beyond the shape of its keys.

namespace tocsin::alerting {

/// Kinds in the order in which Alertmanager builds them, with "_configs" behind: keys of a
/// receiver.
struct IntegrationKind {
  std::string_view name;
  bool send_resolved;  ///< what it does when nothing is said
};
const std::vector<IntegrationKind>& integration_kinds();

/// Reads an item of a receiver's list; `global` may be null. Problems go to `diagnostics`.
Integration read_integration(const IntegrationKind& kind, std::size_t index, yaml::NodePtr node,
                             const yaml::Node* global, Diagnostics& diagnostics);

/// Pairs of `global` that exclude each other, and its http_config.
void check_global(const yaml::Node& global, Diagnostics& diagnostics);

}  // namespace tocsin::alerting
