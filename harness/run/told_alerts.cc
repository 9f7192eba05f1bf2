#include "harness/run/told_alerts.h"

#include <algorithm>
#include <utility>

#include "fakes/receivers/reading.h"
#include "harness/alerting/alert.h"
#include "harness/model/notification_mark.h"

namespace tocsin::run {
namespace {

/// Alertmanager was told a moment after Prometheus knew, and the receiver a moment later.
bool fires_at(const AlertEpisode& episode, Timestamp at) {
  return episode.firing_at && *episode.firing_at <= at &&
         (!episode.resolved_at || at <= *episode.resolved_at);
}

bool mentions(const NotificationRecord& record, std::string_view name) {
  return record.title.find(name) != std::string::npos ||
         record.text.find(name) != std::string::npos;
}

}  // namespace

ToldAlerts::ToldAlerts(const alerting::Config& config, const std::vector<AlertEpisode>& episodes,
                       const std::map<std::string, std::string>& external)
    : config_(config) {
  for (const AlertEpisode& episode : episodes) {
    if (!episode.firing_at) continue;
    Labels labels = episode.labels;
    for (const auto& [name, value] : external) {
      if (!labels.has(name)) labels = labels.with(name, value);
    }
    by_fingerprint_.emplace(alerting::fingerprint_text(alerting::fingerprint(labels)), labels);
    alerts_.push_back({std::move(labels), &episode});
  }
}

NotificationRecord ToldAlerts::complete(receivers::Received received) {
  NotificationRecord record = std::move(received.record);
  const Key key = {record.receiver, record.integration, record.integration_index,
                   received.identity};
  if (take_mark(received, record)) {
    Group& group = groups_[key];
    group.labels = record.group_labels;
    for (const NotificationAlert& alert : record.alerts) group.alerts.push_back(alert.labels);
  } else if (record.group_key.empty() && !take_known(key, record)) {
    guess(record);
  }
  return record;
}

bool ToldAlerts::take_mark(const receivers::Received& received, NotificationRecord& record) {
  const auto detail = received.details.find(receivers::kMarkDetail);
  if (detail == received.details.end()) return false;
  const auto mark = read_notification_mark(detail->second);
  if (!mark) return false;
  std::vector<NotificationAlert> told;
  const auto add = [&](const std::vector<std::string>& fingerprints, bool firing) {
    for (const std::string& fingerprint : fingerprints) {
      const auto known = by_fingerprint_.find(fingerprint);
      if (known != by_fingerprint_.end()) add_alert(known->second, firing, told);
    }
  };
  add(mark->firing, true);
  add(mark->resolved, false);
  // What the payload itself says of an alert stands.
  for (NotificationAlert& alert : told) {
    for (NotificationAlert& said : record.alerts) {
      if (said.labels == alert.labels && said.firing == alert.firing) alert = said;
    }
  }
  record.alerts = std::move(told);
  record.group_labels = mark->group_labels;
  record.firing = !mark->firing.empty();
  return true;
}

/// A message about what the service has heard of before: that it is over, or that it has changed.
bool ToldAlerts::take_known(const Key& key, NotificationRecord& record) {
  const auto group = groups_.find(key);
  if (group == groups_.end()) return false;
  record.group_labels = group->second.labels;
  if (!record.alerts.empty()) return true;
  for (const Labels& labels : group->second.alerts) {
    add_alert(labels, record.firing, record.alerts);
  }
  return true;
}

void ToldAlerts::guess(NotificationRecord& record) const {
  std::vector<NotificationAlert> told;
  for (const Known& known : alerts_) {
    const auto routes = config_.route.match(known.labels);
    const auto to_receiver = std::find_if(routes.begin(), routes.end(), [&](const auto* route) {
      return route->receiver == record.receiver;
    });
    if (to_receiver == routes.end() || !mentions(record, known.episode->alert)) continue;
    const bool firing = fires_at(*known.episode, record.at);
    const bool over = known.episode->resolved_at && *known.episode->resolved_at <= record.at;
    if (record.firing ? !firing : !over) continue;
    if (told.empty()) record.group_labels = (*to_receiver)->group_labels(known.labels);
    add_alert(known.labels, firing, told);
  }
  // A text that lists alerts in full knows better.
  if (record.alerts.empty()) record.alerts = std::move(told);
}

void ToldAlerts::add_alert(const Labels& labels, bool firing,
                           std::vector<NotificationAlert>& told) const {
  const auto same = [&](const NotificationAlert& alert) { return alert.labels == labels; };
  if (std::any_of(told.begin(), told.end(), same)) return;
  NotificationAlert& alert = told.emplace_back();
  alert.labels = labels;
  alert.firing = firing;
  for (const Known& known : alerts_) {
    if (known.labels != labels) continue;
    alert.annotations = known.episode->annotations;
    alert.starts_at = *known.episode->firing_at;
    if (!firing) alert.ends_at = known.episode->resolved_at;
  }
}

}  // namespace tocsin::run
