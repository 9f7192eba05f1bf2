#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "harness/base/random.h"
#include "harness/traffic/traffic.h"

namespace tocsin::traffic {

/// The intended send times of a traffic description, fixed in advance by the seed: a pure sequence,
/// no clock. Produced one at a time, so memory does not grow with the number of requests.
class Schedule {
 public:
  /// `time_scale` divides every offset (a live run's --time-scale). Rates stay as written, so a
  /// scaled run sends fewer requests; phases with a `count` still send exactly that many.
  struct Options {
    std::uint64_t seed = 0;
    double time_scale = 1;
    /// This schedule gives every `of`-th request, beginning with `part` (one part a worker thread).
    std::uint32_t part = 0;
    std::uint32_t of = 1;
  };

  struct Arrival {
    Nanos at{0};                 ///< since the run's start, scaled
    std::uint32_t phase = 0;     ///< index
    std::uint32_t endpoint = 0;  ///< index into the phase's mix
  };

  Schedule(const Traffic& traffic, Options options);
  ~Schedule();
  /// The next arrival; none after the last.
  std::optional<Arrival> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::traffic
