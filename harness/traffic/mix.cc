#include "harness/traffic/mix.h"

#include <limits>

#include <fmt/format.h>

#include "harness/base/check.h"

namespace tocsin::traffic {

Mix::Mix(const Phase& phase, std::uint64_t seed, std::uint64_t stream) {
  if (phase.mix.size() < 2) return;
  double sum = 0;
  for (const MixEntry& entry : phase.mix) sum += entry.weight;
  TOCSIN_CHECK(sum > 0, "weights are positive");
  for (const MixEntry& entry : phase.mix) shares_.push_back(entry.weight / sum);
  const bool independent = phase.users || (phase.arrivals == Arrivals::kPoisson && !phase.count);
  if (independent) {
    random_.emplace(seed, fmt::format("traffic/{}/mix", stream));
  } else {
    owed_.resize(shares_.size());
  }
}

std::uint32_t Mix::next() {
  if (shares_.empty()) return 0;
  return random_ ? draw() : take_turn();
}

std::uint32_t Mix::draw() {
  double rest = random_->uniform();
  std::uint32_t chosen = 0;
  while (chosen + 1 < shares_.size() && rest >= shares_[chosen]) rest -= shares_[chosen++];
  return chosen;
}

std::uint32_t Mix::take_turn() {
  const double slack = 1 / (2 * static_cast<double>(shares_.size()) - 2);
  std::uint32_t chosen = 0;
  double earliest = std::numeric_limits<double>::infinity();
  for (std::uint32_t i = 0; i < shares_.size(); ++i) {
    owed_[i] += shares_[i];
    // Rounding must not hide the one that is exactly due.
    if (owed_[i] < slack - 1e-9) continue;
    const double deadline = (1 - slack - owed_[i]) / shares_[i];
    if (deadline < earliest) {
      earliest = deadline;
      chosen = i;
    }
  }
  owed_[chosen] -= 1;
  return chosen;
}

}  // namespace tocsin::traffic
