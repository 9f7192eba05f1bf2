#include "harness/rules/alert_state.h"

#include <unordered_set>
#include <utility>

namespace tocsin::rules {

bool AlertStates::has_duplicates(std::span<const Result> results) {
  if (results.size() < 2) return false;
  std::unordered_set<Labels> seen;
  for (const Result& result : results) {
    if (!seen.insert(result.labels).second) return true;
  }
  return false;
}

Alert& AlertStates::take_up(Timestamp at, const Result& result) {
  const auto [it, added] = index_.try_emplace(result.labels, active_.size());
  if (added) {
    Alert& alert = active_.emplace_back();
    alert.labels = result.labels;
    alert.pending_at = at;
    alert.value_at_start = result.value;
    alert.id = next_id_++;
  }
  Alert& alert = active_[it->second];
  alert.series = result.series;
  alert.seen_at = at;
  alert.value = result.value;
  alert.histogram = result.histogram;
  alert.missing_since.reset();
  return alert;
}

bool AlertStates::lives_on(Timestamp at, Alert& alert) const {
  if (alert.seen_at == at) return true;
  if (alert.state != AlertState::kFiring || keep_firing_for_ <= Duration(0)) return false;
  if (!alert.missing_since) alert.missing_since = at;
  return at - *alert.missing_since < keep_firing_for_;
}

void AlertStates::remove(std::size_t i) {
  index_.erase(active_[i].labels);
  if (i + 1 < active_.size()) {
    active_[i] = std::move(active_.back());
    index_[active_[i].labels] = i;
  }
  active_.pop_back();
}

bool AlertStates::evaluate(Timestamp at, std::span<const Result> results,
                           std::vector<Alert>& ended) {
  if (has_duplicates(results)) return false;
  for (const Result& result : results) {
    Alert& alert = take_up(at, result);
    if (alert.state == AlertState::kPending && at - alert.pending_at >= hold_) {
      alert.state = AlertState::kFiring;
      alert.firing_at = at;
      alert.value_at_firing = alert.value;
    }
  }
  if (active_.size() == results.size()) return true;  // all of them were seen
  for (std::size_t i = active_.size(); i-- > 0;) {
    if (lives_on(at, active_[i])) continue;
    ended.push_back(active_[i]);
    remove(i);
  }
  return true;
}

void AlertStates::clear(std::vector<Alert>& ended) {
  ended.insert(ended.end(), active_.begin(), active_.end());
  active_.clear();
  index_.clear();
}

}  // namespace tocsin::rules
