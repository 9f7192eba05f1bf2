#include "harness/alerting/dispatcher.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace tocsin::alerting {
namespace {

/// Whether all of `some` are in `all`.
bool is_subset(const std::vector<std::uint64_t>& some, const std::vector<std::uint64_t>& all) {
  if (some == all) return true;
  if (some.size() > all.size()) return false;
  std::vector<std::uint64_t> sorted = all;
  std::sort(sorted.begin(), sorted.end());
  return std::all_of(some.begin(), some.end(), [&](std::uint64_t one) {
    return std::binary_search(sorted.begin(), sorted.end(), one);
  });
}

}  // namespace

bool AlertEntry::grouped() const {
  return std::any_of(places.begin(), places.end(),
                     [](const Place& place) { return place.group != nullptr; });
}

std::pair<Timestamp, Timestamp> AlertEntry::posted_last(Timestamp now) const {
  if (renewal == Duration(0)) return {updated_at, ends_at};
  // One that falls on this very instant is not yet made.
  const Duration since = std::max(now - updated_at - Duration(1), Duration(0));
  const Timestamp last = updated_at + since / renewal * renewal;
  return {last, last + lifetime};
}

void AlertEntry::settle(Timestamp now) {
  std::tie(updated_at, ends_at) = posted_last(now);
  renewal = Duration(0);
}

std::string NotificationLog::key_of(std::string_view group_key, std::string_view receiver,
                                    const Integration& integration) {
  return fmt::format("{}\n{}/{}/{}", group_key, receiver, integration.kind, integration.index);
}

const LogEntry* NotificationLog::find(const std::string& key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second;
}

void NotificationLog::collect_garbage(Timestamp now) {
  std::erase_if(entries_, [&](const auto& item) { return item.second.expires_at <= now; });
}

NotifyReason needs_update(const LogEntry* last, const std::vector<std::uint64_t>& firing,
                          const std::vector<std::uint64_t>& resolved, bool send_resolved,
                          Duration repeat_interval, Timestamp tick) {
  if (last == nullptr) return firing.empty() ? NotifyReason::kNone : NotifyReason::kFirst;
  if (!is_subset(firing, last->firing)) {
    return last->firing.empty() ? NotifyReason::kFirst : NotifyReason::kNewAlerts;
  }
  if (firing.empty()) {
    return last->firing.empty() ? NotifyReason::kNone : NotifyReason::kAllResolved;
  }
  if (send_resolved && !is_subset(resolved, last->resolved)) return NotifyReason::kSomeResolved;
  return last->at < tick - repeat_interval ? NotifyReason::kRepeat : NotifyReason::kNone;
}

void Group::insert(AlertEntry* entry) {
  const auto at = std::lower_bound(
      members.begin(), members.end(), entry,
      [](const AlertEntry* a, const AlertEntry* b) { return alert_before(a->labels, b->labels); });
  members.insert(at, entry);
}

void Group::erase(AlertEntry* entry) {
  const auto at = std::find(members.begin(), members.end(), entry);
  if (at != members.end()) members.erase(at);
}

}  // namespace tocsin::alerting
