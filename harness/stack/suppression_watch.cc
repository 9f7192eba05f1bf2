#include "harness/stack/suppression_watch.h"

#include <algorithm>
#include <set>

namespace tocsin::stack {
namespace {

bool is_same(const Suppression& a, const Suppression& b) {
  return a.kind == b.kind && a.alert == b.alert && a.by == b.by && a.name == b.name;
}

}  // namespace

std::vector<std::string> SuppressionWatch::unknown_silences() const {
  std::vector<std::string> unknown;
  for (const Suppression& one : open_) {
    const bool silenced = one.kind == Suppression::Kind::kSilenced;
    if (silenced && comments_.count(one.name) == 0) unknown.push_back(one.name);
  }
  return unknown;
}

void SuppressionWatch::mark(Suppression suppression) {
  seen_.push_back(std::move(suppression));
}

/// An alert is muted when every route that takes it is; the intervals' names.
std::vector<std::string> SuppressionWatch::muting(const RoutedAlert& alert, Timestamp at) const {
  if (!alert.muted_by.empty() || config_ == nullptr) return alert.muted_by;
  std::vector<std::string> names;
  for (const alerting::Route* route : config_->route.match(alert.labels)) {
    std::vector<std::string> muting = config_->intervals_at(route->mute_time_intervals, at);
    if (muting.empty() && !route->active_time_intervals.empty() &&
        config_->intervals_at(route->active_time_intervals, at).empty()) {
      muting = route->active_time_intervals;
    }
    if (muting.empty()) return {};
    names.insert(names.end(), muting.begin(), muting.end());
  }
  return names;
}

void SuppressionWatch::add(Timestamp at, const std::vector<RoutedAlert>& alerts) {
  seen_.clear();
  for (const RoutedAlert& alert : alerts) labels_[alert.fingerprint] = alert.labels;
  for (const RoutedAlert& alert : alerts) {
    for (const std::string& fingerprint : alert.inhibited_by) {
      const auto source = labels_.find(fingerprint);
      mark({Suppression::Kind::kInhibited,
            alert.labels,
            at,
            std::nullopt,
            source == labels_.end() ? Labels() : source->second,
            {}});
    }
    // Until the comment is known, the id stands for it.
    for (const std::string& id : alert.silenced_by) {
      mark({Suppression::Kind::kSilenced, alert.labels, at, std::nullopt, {}, id});
    }
    for (const std::string& name : muting(alert, at)) {
      mark({Suppression::Kind::kMuted, alert.labels, at, std::nullopt, {}, name});
    }
  }
  std::vector<Suppression> still_open;
  for (Suppression& known : open_) {
    const auto again = std::find_if(seen_.begin(), seen_.end(),
                                    [&](const Suppression& one) { return is_same(one, known); });
    if (again == seen_.end()) {
      known.to = at;
      over_.push_back(std::move(known));
    } else {
      seen_.erase(again);
      still_open.push_back(std::move(known));
    }
  }
  open_ = std::move(still_open);
  for (Suppression& one : seen_) open_.push_back(std::move(one));
  seen_.clear();
}

std::vector<Suppression> SuppressionWatch::suppressions() const {
  std::vector<Suppression> all = over_;
  all.insert(all.end(), open_.begin(), open_.end());
  for (Suppression& one : all) {
    const auto comment = comments_.find(one.name);
    if (one.kind == Suppression::Kind::kSilenced && comment != comments_.end()) {
      one.name = comment->second;
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Suppression& a, const Suppression& b) { return a.from < b.from; });
  return all;
}

}  // namespace tocsin::stack
