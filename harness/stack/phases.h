#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/time.h"

/// Prometheus spreads scrapes and evaluations over their intervals by hashes that nobody outside
/// can foretell, while simulated runs scrape all targets at once and evaluate right after. So every
/// target and rule group is tried in several variants, which differ in nothing but their hash, and
/// the run begins at a time, and with the variants, that come nearest to the simulated order:
///
///     start                                             start + interval
///     | scrapes of all targets ···     | evaluations ···     |
///
/// All times are milliseconds since the epoch; the phase of what recurs is its time modulo its
/// interval.

namespace tocsin::stack {

/// What recurs, in variants.
struct Recurring {
  Duration interval{0};
  std::vector<std::int64_t> phases;  ///< of each variant, in [0, interval); negative: not known
};

struct PhaseChoice {
  /// The run's start, modulo `cycle`.
  std::int64_t zero = 0;
  Duration cycle{0};
  std::vector<std::size_t> targets;  ///< chosen variant of each
  std::vector<std::size_t> groups;
  /// How late the latest scrape comes, and how far evaluations are from where they should be, as
  /// shares of the interval.
  double scrape_lag = 0;
  double evaluation_error = 0;
};

/// Evaluations should come `evaluation_lag` after the start of their interval.
PhaseChoice choose_phases(const std::vector<Recurring>& targets,
                          const std::vector<Recurring>& groups, Duration evaluation_lag);

/// The first time after `now` that the choice's start may be.
Timestamp next_start(const PhaseChoice& choice, Timestamp now);

/// Prometheus forgets its Alertmanagers when it reads its configuration anew, and learns of them at
/// the next beat of a five seconds' clock: alerts of the time between are not sent until they are
/// sent again. So the start is better such that a beat comes soon after the reload.
inline constexpr Duration kDiscoveryBeat = std::chrono::seconds(5);

/// The start after `now`, within one beat of the first that may be, whose reload (`reload_lead`
/// before it) has the next beat soonest, but far enough away for the reload. `beat`: one of the
/// past.
Timestamp next_start_on_beat(const PhaseChoice& choice, Timestamp now, Duration reload_lead,
                             Timestamp beat);

}  // namespace tocsin::stack
