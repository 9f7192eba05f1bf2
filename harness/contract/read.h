#pragma once

#include <string>
#include <vector>

#include "harness/contract/contract.h"
#include "harness/scenario/problems.h"
#include "harness/yaml/node.h"

/// Parts of a contract file, from checked trees (scenario/shape.h) to values; what is wrong is
/// reported.

namespace tocsin::contract {

std::vector<Alert> read_alerts(const yaml::Node& node, const scenario::System& system,
                               scenario::Problems& problems);

// Shared by the readers.
/// A name, or a list of names, of alerts that the contract has.
void check_alert_names(const yaml::Node& node, const std::vector<Alert>& alerts,
                       scenario::Problems& problems);
std::vector<std::string> texts_of(const yaml::Node* node);
/// Of the keys `line` and `lines`.
std::vector<int> lines_of(const yaml::Node& node, scenario::Problems& problems);
/// Targets and what is wrong with them: a fault each, without times.
std::vector<faults::Fault> read_state(const yaml::Node& node, const scenario::System& system,
                                      scenario::Problems& problems);
/// Null, after a complaint, when the system has none of that name.
const scenario::Target* find_target(const yaml::Node& name, const scenario::System& system,
                                    scenario::Problems& problems);

}  // namespace tocsin::contract
