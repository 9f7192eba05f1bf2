#include "assertions/notification_log.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace tocsin::assertions {
namespace {

/// The attempts of one integration for one group are of the same notification until one is
/// delivered or a first attempt comes.
using IntegrationKey = std::tuple<std::string_view, std::string_view, std::size_t>;

IntegrationKey integration_of(const NotificationRecord& record) {
  return {record.receiver, record.integration, record.integration_index};
}

bool share_an_alert(const NotificationRecord& a, const NotificationRecord& b) {
  if (a.alerts.empty() || b.alerts.empty()) return a.title == b.title;
  return std::any_of(a.alerts.begin(), a.alerts.end(), [&](const NotificationAlert& one) {
    return std::any_of(b.alerts.begin(), b.alerts.end(),
                       [&](const NotificationAlert& other) { return one.labels == other.labels; });
  });
}

/// Whether two notifications are of the same group; where the payload tells no group, an alert in
/// common says so.
bool same_group(const NotificationRecord& a, const NotificationRecord& b) {
  if (a.group_key.empty() != b.group_key.empty()) return false;
  if (!a.group_key.empty()) return a.group_key == b.group_key;
  if (a.group_labels != b.group_labels) return false;
  return !a.group_labels.empty() || share_an_alert(a, b);
}

/// How many alerts fire in both, without having ended in between.
std::size_t still_firing(const NotificationRecord& before, const NotificationRecord& now) {
  std::set<std::pair<Labels, Timestamp>> known;
  for (const NotificationAlert& alert : before.alerts) {
    if (alert.firing) known.emplace(alert.labels, alert.starts_at);
  }
  return static_cast<std::size_t>(
      std::count_if(now.alerts.begin(), now.alerts.end(), [&](const NotificationAlert& alert) {
        return alert.firing && known.contains({alert.labels, alert.starts_at});
      }));
}

std::size_t firing_count(const NotificationRecord& record) {
  return static_cast<std::size_t>(
      std::count_if(record.alerts.begin(), record.alerts.end(),
                    [](const NotificationAlert& alert) { return alert.firing; }));
}

NotificationKind kind_of(const NotificationRecord& record, const NotificationRecord* before) {
  if (!record.firing) return NotificationKind::kResolved;
  // Alertmanager's own words.
  if (record.reason == "repeat interval elapsed") return NotificationKind::kRepeat;
  if (before == nullptr) return NotificationKind::kFirst;
  if (before->alerts.empty() || record.alerts.empty()) {
    return before->title == record.title ? NotificationKind::kRepeat : NotificationKind::kUpdate;
  }
  // The group may have become quiet without a word.
  const std::size_t common = still_firing(*before, record);
  if (common == 0) return NotificationKind::kFirst;
  if (record.reason == "new alerts added" || record.reason == "some alerts resolved") {
    return NotificationKind::kUpdate;
  }
  const bool nothing_new = common == record.alerts.size() && common == firing_count(*before);
  return nothing_new ? NotificationKind::kRepeat : NotificationKind::kUpdate;
}

bool is_word_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_word_char(text[at - 1])) &&
        (end == text.size() || !is_word_char(text[end]))) {
      return true;
    }
  }
  return false;
}

bool agrees(const Labels& group_labels, const Labels& subject) {
  for (const LabelView label : group_labels) {
    const std::string_view value = subject.get(label.name);
    if (!value.empty() && value != label.value) return false;
  }
  return true;
}

bool includes_all(const Labels& labels, const Labels& wanted) {
  for (const LabelView label : wanted) {
    if (labels.get(label.name) != label.value) return false;
  }
  return true;
}

}  // namespace

std::string_view to_string(NotificationKind kind) {
  switch (kind) {
    case NotificationKind::kFirst:
      return "first";
    case NotificationKind::kUpdate:
      return "update";
    case NotificationKind::kRepeat:
      return "repeat";
    case NotificationKind::kResolved:
      return "resolved";
  }
  return "first";
}

NotificationLog::NotificationLog(const Evidence& evidence) : evidence_(evidence) {
  collect_subjects();
  collect_notifications();
  classify();
  find_alerts();
  for (const Suppression& suppression : evidence.suppressions) {
    suppressions_[subject_of(suppression.alert)].push_back(&suppression);
  }
  if (!evidence.routing) return;
  for (const RoutedAlert& routed : evidence.routing->alerts) {
    routes_.emplace(subject_of(routed.alert), &routed);
  }
}

std::vector<const Suppression*> NotificationLog::suppressions_of(
    const AlertEpisode& episode) const {
  std::vector<const Suppression*> result;
  const auto all = suppressions_.find(subject_of(episode.labels));
  if (all == suppressions_.end() || !episode.firing_at) return result;
  for (const Suppression* suppression : all->second) {
    if (episode.resolved_at && suppression->from >= *episode.resolved_at) continue;
    if (suppression->to && *suppression->to <= *episode.firing_at) continue;
    result.push_back(suppression);
  }
  return result;
}

const RoutedAlert* NotificationLog::route_of(const AlertEpisode& episode) const {
  const auto route = routes_.find(subject_of(episode.labels));
  return route == routes_.end() ? nullptr : route->second;
}

void NotificationLog::collect_subjects() {
  for (const AlertEpisode& episode : evidence_.episodes) {
    const auto [it, fresh] = by_labels_.emplace(episode.labels, subjects_.size());
    if (fresh) {
      SameName& same = by_name_[std::string(episode.labels.get("alertname"))];
      for (const LabelView label : episode.labels) {
        std::string name(label.name);
        auto place = std::lower_bound(same.label_names.begin(), same.label_names.end(), name);
        if (place == same.label_names.end() || *place != name) {
          same.label_names.insert(place, std::move(name));
        }
      }
      same.subjects.push_back(subjects_.size());
      subjects_.push_back(episode.labels);
      firing_times_.emplace_back();
    }
    if (episode.firing_at) firing_times_[it->second].push_back(*episode.firing_at);
  }
  for (auto& times : firing_times_) std::sort(times.begin(), times.end());
  mentions_.resize(subjects_.size());
}

std::size_t NotificationLog::subject_of(const Labels& labels) const {
  if (const auto exact = by_labels_.find(labels); exact != by_labels_.end()) return exact->second;
  if (const auto known = found_.find(labels); known != found_.end()) return known->second;
  std::size_t found = kNoSubject;
  const auto same = by_name_.find(std::string(labels.get("alertname")));
  if (same != by_name_.end()) {
    // External labels are mostly such as no rule gives.
    const auto without = by_labels_.find(labels.only(same->second.label_names));
    if (without != by_labels_.end()) found = without->second;
    for (const std::size_t subject : same->second.subjects) {
      if (without != by_labels_.end()) break;
      if (!includes_all(labels, subjects_[subject])) continue;
      if (found == kNoSubject || subjects_[subject].size() > subjects_[found].size()) {
        found = subject;
      }
    }
  }
  found_.emplace(labels, found);
  return found;
}

void NotificationLog::collect_notifications() {
  std::map<IntegrationKey, std::vector<std::size_t>> open;  ///< not delivered yet
  for (const NotificationRecord& record : evidence_.notifications) {
    std::vector<std::size_t>& waiting = open[integration_of(record)];
    const auto mine = std::find_if(waiting.begin(), waiting.end(), [&](std::size_t index) {
      return same_group(all_[index].last(), record);
    });
    if (mine != waiting.end() && record.attempt > 1) {
      all_[*mine].attempts.push_back(&record);
      if (record.delivered) waiting.erase(mine);
      continue;
    }
    if (mine != waiting.end()) waiting.erase(mine);
    if (!record.delivered) waiting.push_back(all_.size());
    all_.emplace_back().attempts.push_back(&record);
  }
  std::stable_sort(all_.begin(), all_.end(),
                   [](const Told& a, const Told& b) { return a.at() < b.at(); });
}

void NotificationLog::classify() {
  /// The last delivered one of each group, by integration and, to find it soon, by group key.
  std::map<std::pair<IntegrationKey, std::string_view>, std::vector<const Told*>> last;
  for (Told& told : all_) {
    const NotificationRecord& record = told.last();
    auto& groups = last[{integration_of(record), record.group_key}];
    const auto mine = std::find_if(groups.begin(), groups.end(), [&](const Told* before) {
      return same_group(before->last(), record);
    });
    const Told* before = mine == groups.end() ? nullptr : *mine;
    told.kind = kind_of(record, before == nullptr ? nullptr : &before->last());
    if (told.kind != NotificationKind::kFirst) told.previous = before;
    if (!told.delivered()) continue;
    if (mine != groups.end()) groups.erase(mine);
    if (told.kind != NotificationKind::kResolved) groups.push_back(&told);
  }
}

void NotificationLog::find_alerts() {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    Told& told = all_[i];
    for (const NotificationAlert& alert : told.last().alerts) {
      told.alerts.push_back({subject_of(alert.labels), alert.firing});
    }
    if (told.last().alerts.empty()) find_by_text(told);
    for (const Told::Alert& alert : told.alerts) {
      if (alert.subject != kNoSubject) mentions_[alert.subject].push_back({i, alert.firing});
    }
  }
}

/// A payload without alerts tells of those whose names are in it, as far as its group allows.
void NotificationLog::find_by_text(Told& told) const {
  const NotificationRecord& record = told.last();
  for (std::size_t subject = 0; subject < subjects_.size(); ++subject) {
    const std::string_view name = subjects_[subject].get("alertname");
    if (name.empty() || !agrees(record.group_labels, subjects_[subject])) continue;
    const bool named = record.group_labels.get("alertname") == name ||
                       has_word(record.title, name) || has_word(record.text, name);
    const auto& times = firing_times_[subject];
    if (named && !times.empty() && times.front() <= told.at()) {
      told.alerts.push_back({subject, record.firing});
    }
  }
}

NotificationLog::Span NotificationLog::span_of(const AlertEpisode& episode, bool firing) const {
  const Timestamp fired = episode.firing_at.value_or(episode.pending_at);
  const auto& times = firing_times_[subject_of(episode.labels)];
  const auto next = std::upper_bound(times.begin(), times.end(), fired);
  Span span{fired, next == times.end() ? Timestamp::max() : *next};
  if (!firing) span.from = episode.resolved_at.value_or(span.to);
  return span;
}

const std::vector<NotificationLog::Mention>& NotificationLog::mentions(
    const AlertEpisode& episode) const {
  return mentions_[subject_of(episode.labels)];
}

}  // namespace tocsin::assertions
