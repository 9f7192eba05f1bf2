#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/http/client_connection.h"
#include "harness/traffic/load.h"
#include "harness/traffic/request_text.h"

namespace tocsin::traffic {

/// A load with everything looked up; immutable, shared by all workers.
struct LoadPlan {
  LoadOptions options;  ///< each phase has a mix
  Nanos length{0};      ///< scaled
  std::vector<RequestText> requests;
  std::vector<std::vector<std::uint32_t>> request_of;  ///< by phase and index into its mix
  http::Peer peer;
  std::optional<net::Failure> unresolved;  ///< why the peer has no addresses
};

/// Checks the options, reads the TLS files and looks up the target's name. That the name has no
/// address is data (each request will fail), everything else an error.
Result<LoadPlan> plan_load(LoadOptions options);

}  // namespace tocsin::traffic
