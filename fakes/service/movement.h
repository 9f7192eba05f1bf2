#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fakes/service/distribution.h"
#include "harness/faults/timeline.h"
#include "harness/scenario/system.h"

namespace tocsin::fakes {

/// How faults move one distribution signal, as a whole (`latency`) and by its percentiles
/// (`latency.p95`): factors scale and offsets shift it, and what a change of a percentile makes of
/// that percentile, it makes of the whole by scaling; set as a whole means its median.
class Mover {
 public:
  Mover(const faults::FaultTimeline& faults, const scenario::Target& target, std::string signal,
        std::string endpoint);

  /// Whether any fault moves it at any time.
  bool ever() const { return ever_; }
  Movement at(const Distribution& base, Duration offset) const;

 private:
  const faults::FaultTimeline* faults_;
  std::string target_;
  std::string signal_;
  std::string endpoint_;
  /// Percentile signals that faults name, and their p in (0, 1), ascending.
  std::vector<std::pair<double, std::string>> percentiles_;
  bool ever_ = false;
};

/// Whether any fault of the timeline moves the signal at any time.
bool ever_moved(const faults::FaultTimeline& faults, std::string_view target,
                std::string_view signal);

}  // namespace tocsin::fakes
