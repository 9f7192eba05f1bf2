#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace tocsin::scenario {

/// A file that stands for many scenarios, which are made of its system's contract (harness/prove).
struct FromContract {
  SourcePos pos;
  bool all_alerts = true;
  std::vector<std::string> alerts;  ///< else these
  bool fires = true;                ///< which cases of each
  bool silent = true;
  bool too_short = true;
  bool health = true;
  bool metrics = true;
  std::optional<double> traffic_hz;         ///< instead of the contract's own
  std::vector<std::string> others_allowed;  ///< alerts that may fire in any of them
};

}  // namespace tocsin::scenario
