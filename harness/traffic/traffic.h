#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"

/// What load a scenario asks for, as data. Phases run one after another.

namespace tocsin::traffic {

/// Rates are requests per second; `at` offsets count from the phase's start.
struct ConstantRate {
  double rate_hz = 0;
};
/// From `from_hz` at the phase's start to `to_hz` at its end, in a straight line.
struct RampRate {
  double from_hz = 0;
  double to_hz = 0;
};
/// Each step holds for its length; together they are the phase's length.
struct StepRates {
  struct Step {
    double rate_hz = 0;
    Duration length{0};
  };
  std::vector<Step> steps;
};
/// `base_hz`, but `peak_hz` from `at` on for `length`.
struct SpikeRate {
  double base_hz = 0;
  double peak_hz = 0;
  Duration at{0};
  Duration length{0};
};
/// A day curve: low + (high-low) * (1 + cos(2π (t - peak_at) / period)) / 2.
struct SineRate {
  double low_hz = 0;
  double high_hz = 0;
  Duration period = std::chrono::hours(24);
  Duration peak_at{0};
};
using RateShape = std::variant<ConstantRate, RampRate, StepRates, SpikeRate, SineRate>;

enum class Arrivals {
  kPaced,    ///< evenly spaced in the shape's cumulated rate
  kPoisson,  ///< independent users
};

/// A closed loop: each user sends, waits for the answer, thinks, sends again.
struct Users {
  std::uint32_t count = 0;
  Duration think{0};
};

struct MixEntry {
  std::string endpoint;  ///< name in the system
  double weight = 1;     ///< > 0, relative
};

struct Phase {
  std::string name;  ///< may be empty
  SourcePos pos;
  Duration length{0};
  RateShape shape = ConstantRate{};  ///< unused with `users`
  Arrivals arrivals = Arrivals::kPoisson;
  std::optional<Users> users;
  /// Exactly this many requests in the phase, spread by the shape; the rate follows from it.
  std::optional<std::uint64_t> count;
  std::vector<MixEntry> mix;  ///< empty: the system's own weights
  bool warm_up = false;       ///< left out of the load result
};

struct Traffic {
  std::vector<Phase> phases;

  Duration length() const;
  /// Phase that runs at an offset since the run's start; null after the end.
  const Phase* phase_at(Duration offset) const;
};

/// Requests per second at `at` after the phase's start; 0 with `users` or outside the phase.
double rate_at(const Phase& phase, Nanos at);
/// Expected number of requests from the phase's start until `at`; with `count`, scaled so that the
/// whole phase gives exactly that many.
double expected_until(const Phase& phase, Nanos at);
/// The inverse: when the expected number reaches `n`; the phase's length when it never does.
Nanos time_of(const Phase& phase, double n);

}  // namespace tocsin::traffic
