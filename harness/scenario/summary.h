#pragma once

#include <string>

#include "harness/scenario/scenario.h"

namespace tocsin::scenario {

/// What was read, a line a thing, in base units: for tests and for people who wonder how a file was
/// understood.
std::string summary(const Scenario& scenario);
std::string summary(const System& system);

}  // namespace tocsin::scenario
