#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/base/random.h"
#include "harness/traffic/traffic.h"

namespace tocsin::traffic {

/// Which endpoint of a phase's mix each request goes to. Independent users choose at random, by
/// weight. Paced requests and those of a `count` take turns instead: after any number of requests
/// each endpoint has had its share of them, give or take less than one (Tijdeman's solution of the
/// chairman assignment problem, 1980).
class Mix {
 public:
  /// `stream` tells apart the draws of phases and of users in them.
  Mix(const Phase& phase, std::uint64_t seed, std::uint64_t stream);
  /// Index into the phase's mix; 0 when that is empty.
  std::uint32_t next();

 private:
  std::uint32_t draw();
  std::uint32_t take_turn();

  std::vector<double> shares_;  ///< of 1; empty when there is no choice
  std::optional<Random> random_;
  std::vector<double> owed_;  ///< share of the requests so far, minus those had
};

}  // namespace tocsin::traffic
