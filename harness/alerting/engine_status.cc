#include <algorithm>

#include "harness/alerting/engine_state.h"

namespace tocsin::alerting {

AlertStatus Engine::Impl::status_of(const AlertEntry& entry) const {
  const auto [updated_at, ends_at] = entry.posted_last(now);
  AlertStatus status{entry.labels,
                     entry.fingerprint,
                     entry.starts_at,
                     ends_at,
                     updated_at,
                     entry.text,
                     {},
                     {},
                     {},
                     {}};
  status.silenced_by = silences.silencing(entry.labels, now);
  status.inhibited_by = inhibitor->muted_by(entry.inhibit, now);
  return status;
}

std::vector<AlertStatus> Engine::Impl::alerts() const {
  std::vector<AlertStatus> all;
  for (const auto& [labels, entry] : entries) {
    if (!entry->stored || entry->ends_at < now) continue;
    all.push_back(status_of(*entry));
    for (const auto& place : entry->places) all.back().receivers.push_back(place.route->receiver);
  }
  std::sort(all.begin(), all.end(), [](const AlertStatus& a, const AlertStatus& b) {
    return a.fingerprint < b.fingerprint;
  });
  return all;
}

std::vector<GroupStatus> Engine::Impl::all_groups() const {
  std::vector<GroupStatus> all;
  for (const auto& group : groups) {
    if (!group) continue;
    GroupStatus status{
        group->labels, group->route->labels, group->route->receiver, group->muted_by, {}};
    for (const AlertEntry* entry : group->members) {
      if (entry->ends_at < now) continue;
      status.alerts.push_back(status_of(*entry));
      AlertStatus& alert = status.alerts.back();
      for (const auto& place : entry->places) {
        if (place.group != nullptr) alert.receivers.push_back(place.route->receiver);
      }
      std::sort(alert.receivers.begin(), alert.receivers.end());
      alert.muted_by = group->muted_by;
    }
    if (!status.alerts.empty()) all.push_back(std::move(status));
  }
  std::stable_sort(all.begin(), all.end(), [](const GroupStatus& a, const GroupStatus& b) {
    if (a.labels == b.labels) return a.receiver < b.receiver;
    return label_set_before(a.labels, b.labels);
  });
  return all;
}

}  // namespace tocsin::alerting
