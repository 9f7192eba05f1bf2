#include "harness/stack/phases.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace tocsin::stack {
namespace {

/// Longer cycles are not waited for: the start is then right for the shortest interval only.
constexpr std::int64_t kLongestCycle = 10'000;
/// Faults come into force a little after their time, and a scrape that is due at the same time
/// should see them.
constexpr std::int64_t kMargin = 5;

std::int64_t modulo(std::int64_t a, std::int64_t b) {
  return ((a % b) + b) % b;
}

struct Best {
  std::size_t variant = 0;
  double cost = 0;
};

/// The variant of least cost, given what its distance from the start costs.
template <class Cost>
Best best_of(const Recurring& what, std::int64_t zero, const Cost& cost) {
  Best best{0, 2};  // above what any known variant costs
  const std::int64_t interval = what.interval.count();
  for (std::size_t i = 0; i < what.phases.size(); ++i) {
    if (what.phases[i] < 0) continue;
    const double its = cost(modulo(what.phases[i] - zero, interval), interval);
    if (its < best.cost) best = {i, its};
  }
  return best;
}

PhaseChoice choice_at(std::int64_t zero, const std::vector<Recurring>& targets,
                      const std::vector<Recurring>& groups, Duration evaluation_lag) {
  PhaseChoice choice;
  choice.zero = zero;
  for (const Recurring& target : targets) {
    const Best best = best_of(target, zero, [](std::int64_t late, std::int64_t interval) {
      const std::int64_t counted = modulo(late - kMargin, interval) + kMargin;
      return static_cast<double>(counted) / static_cast<double>(interval);
    });
    choice.targets.push_back(best.variant);
    choice.scrape_lag = std::max(choice.scrape_lag, best.cost);
  }
  for (const Recurring& group : groups) {
    const Best best = best_of(group, zero, [&](std::int64_t late, std::int64_t interval) {
      const std::int64_t off = modulo(late - evaluation_lag.count(), interval);
      return static_cast<double>(std::min(off, interval - off)) / static_cast<double>(interval);
    });
    choice.groups.push_back(best.variant);
    choice.evaluation_error = std::max(choice.evaluation_error, best.cost);
  }
  return choice;
}

std::int64_t cycle_of(const std::vector<Recurring>& targets, const std::vector<Recurring>& groups) {
  std::int64_t shortest = kLongestCycle;
  std::int64_t cycle = 1;
  for (const auto* all : {&targets, &groups}) {
    for (const Recurring& what : *all) {
      const std::int64_t interval = std::max<std::int64_t>(1, what.interval.count());
      shortest = std::min(shortest, interval);
      if (cycle <= kLongestCycle) cycle = std::lcm(cycle, interval);
    }
  }
  return cycle <= kLongestCycle ? cycle : shortest;
}

}  // namespace

PhaseChoice choose_phases(const std::vector<Recurring>& targets,
                          const std::vector<Recurring>& groups, Duration evaluation_lag) {
  const std::int64_t cycle = cycle_of(targets, groups);
  // The best start is right before some scrape.
  std::vector<std::int64_t> zeros;
  for (const Recurring& target : targets) {
    for (const std::int64_t phase : target.phases) {
      if (phase < 0) continue;
      for (std::int64_t at = phase; at < std::max(cycle, phase + 1);
           at += target.interval.count()) {
        zeros.push_back(modulo(at - kMargin, cycle));
      }
    }
  }
  if (zeros.empty()) zeros.push_back(0);
  PhaseChoice best;
  double least = 0;
  for (const std::int64_t zero : zeros) {
    PhaseChoice choice = choice_at(zero, targets, groups, evaluation_lag);
    const double cost = std::max(choice.scrape_lag, choice.evaluation_error);
    if (best.cycle.count() > 0 && cost >= least) continue;
    best = std::move(choice);
    best.cycle = Duration(cycle);
    least = cost;
  }
  return best;
}

Timestamp next_start(const PhaseChoice& choice, Timestamp now) {
  const std::int64_t cycle = choice.cycle.count();
  return from_ms(to_ms(now) + 1 + modulo(choice.zero - to_ms(now) - 1, cycle));
}

Timestamp next_start_on_beat(const PhaseChoice& choice, Timestamp now, Duration reload_lead,
                             Timestamp beat) {
  // What a reload takes on a busy machine, and what is not known of the beat.
  constexpr std::int64_t kReload = 400;
  const Timestamp first = next_start(choice, now);
  Timestamp best = first;
  std::int64_t shortest = kDiscoveryBeat.count();
  for (Timestamp start = first; start < first + kDiscoveryBeat; start += choice.cycle) {
    const Timestamp reloaded = start - reload_lead + Duration(kReload);
    const std::int64_t wait = modulo(to_ms(beat) - to_ms(reloaded), kDiscoveryBeat.count());
    if (wait >= shortest) continue;
    shortest = wait;
    best = start;
  }
  return best;
}

}  // namespace tocsin::stack
