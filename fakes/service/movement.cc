#include "fakes/service/movement.h"

#include <algorithm>
#include <optional>

namespace tocsin::fakes {
bool ever_moved(const faults::FaultTimeline& faults, std::string_view target,
                std::string_view signal) {
  return std::any_of(faults.faults().begin(), faults.faults().end(), [&](const auto& fault) {
    return fault.target == target &&
           std::any_of(fault.changes.begin(), fault.changes.end(),
                       [&](const auto& change) { return change.signal == signal; });
  });
}

Mover::Mover(const faults::FaultTimeline& faults, const scenario::Target& target,
             std::string signal, std::string endpoint)
    : faults_(&faults),
      target_(target.name),
      signal_(std::move(signal)),
      endpoint_(std::move(endpoint)),
      ever_(ever_moved(faults, target_, signal_)) {
  for (const faults::Fault& fault : faults.faults()) {
    if (fault.target != target_) continue;
    for (const faults::SignalChange& change : fault.changes) {
      const auto meaning = scenario::find_signal(target, change.signal);
      if (!meaning || !meaning->percentile || meaning->base != signal_) continue;
      percentiles_.emplace_back(*meaning->percentile, change.signal);
    }
  }
  std::sort(percentiles_.begin(), percentiles_.end());
  percentiles_.erase(std::unique(percentiles_.begin(), percentiles_.end()), percentiles_.end());
  ever_ = ever_ || !percentiles_.empty();
}

Movement Mover::at(const Distribution& base, Duration offset) const {
  Movement movement;
  if (faults_->moves(target_, signal_, endpoint_, offset)) {
    // The changes together are a straight line of the value they are applied to: two points tell.
    const auto apply = [&](double x) {
      return faults_->signal(target_, signal_, endpoint_, x, offset);
    };
    movement = {apply(1) - apply(0), apply(0)};
    if (movement.factor == 0) {
      const double median = base.quantile(0.5);
      movement = {apply(median) / median, 0};
    }
  }
  for (const auto& [p, name] : percentiles_) {
    if (!faults_->moves(target_, name, endpoint_, offset)) continue;
    const double before = MovedDistribution(base, movement).quantile(p);
    const double after = faults_->signal(target_, name, endpoint_, before, offset);
    if (!(before > 0)) continue;
    const double scale = std::max(0.0, after / before);
    movement = {movement.factor * scale, movement.offset * scale};
  }
  movement.factor = std::max(0.0, movement.factor);
  return movement;
}

}  // namespace tocsin::fakes
