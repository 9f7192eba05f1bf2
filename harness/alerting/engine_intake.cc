#include <algorithm>

#include "harness/alerting/engine_state.h"
#include "harness/base/utf8.h"

namespace tocsin::alerting {
namespace {

constexpr Timestamp kBeyondAllTime = Timestamp(std::chrono::hours(24 * 365 * 8000));

/// What is wrong with an alert, in Alertmanager's words; empty: nothing.
std::string invalid_alert(const PostedAlert& alert, Timestamp starts_at, Timestamp ends_at) {
  if (ends_at < starts_at) return "start time must be before end time";
  if (alert.labels.empty()) return "at least one label pair required";
  for (const LabelView label : alert.labels) {
    if (!is_label_name(label.name)) {
      return "invalid label set: invalid name \"" + std::string(label.name) + '"';
    }
    if (find_invalid_utf8(label.value)) {
      return "invalid label set: invalid value \"" + std::string(label.value) + '"';
    }
  }
  if (!alert.text) return "";
  for (const auto& [name, value] : alert.text->annotations) {
    if (!is_label_name(name)) return "invalid annotations: invalid name \"" + name + '"';
    if (find_invalid_utf8(value)) return "invalid annotations: invalid value \"" + value + '"';
  }
  return "";
}

}  // namespace

std::vector<std::string> Engine::Impl::post(std::span<const PostedAlert> alerts) {
  std::vector<std::string> refusals;
  for (const PostedAlert& alert : alerts) {
    std::string refusal = post(alert);
    if (!refusal.empty()) refusals.push_back(std::move(refusal));
  }
  return refusals;
}

std::string Engine::Impl::post(const PostedAlert& alert) {
  const Timestamp starts_at = alert.starts_at.value_or(alert.ends_at.value_or(now));
  const Timestamp ends_at = alert.ends_at.value_or(now + config->resolve_timeout);
  AlertEntry* entry = find_entry(alert.labels);
  if (entry == nullptr || entry->text != alert.text || ends_at < starts_at) {
    // A label set that was taken before is good.
    std::string why = invalid_alert(alert, starts_at, ends_at);
    if (!why.empty()) return why;
  }
  if (entry == nullptr) entry = &new_entry(alert.labels);
  merge(*entry, alert, starts_at, ends_at);
  inhibitor->update(entry->fingerprint, entry->inhibit, entry->ends_at);
  dispatch(*entry);
  return "";
}

bool Engine::Impl::keep_posting(const PostedAlert& alert, Duration period) {
  if (!post(alert).empty() || period <= Duration(0)) return false;
  AlertEntry& entry = *find_entry(alert.labels);
  if (!entry.inhibit.sources.empty() || entry.ends_at <= now + period) return false;
  entry.renewal = period;
  entry.lifetime = entry.ends_at - now;
  entry.ends_at = kBeyondAllTime;
  return true;
}

void Engine::Impl::stop_posting(const Labels& labels) {
  AlertEntry* entry = find_entry(labels);
  if (entry != nullptr) entry->settle(now);
}

AlertEntry* Engine::Impl::find_entry(const Labels& labels) {
  const auto it = entries.find(labels);
  return it == entries.end() ? nullptr : it->second.get();
}

AlertEntry& Engine::Impl::new_entry(const Labels& labels) {
  auto entry = std::make_unique<AlertEntry>();
  entry->labels = labels;
  entry->fingerprint = alerting::fingerprint(labels);
  place(*entry);
  return *(entries[labels] = std::move(entry));
}

void Engine::Impl::merge(AlertEntry& entry, const PostedAlert& alert, Timestamp starts_at,
                         Timestamp ends_at) {
  static const AlertTextPtr nothing = std::make_shared<const AlertText>();
  const bool timeout = !alert.ends_at.has_value();
  entry.settle(now);
  if (entry.stored && ((ends_at > entry.starts_at && ends_at < entry.ends_at) ||
                       (starts_at > entry.starts_at && starts_at < entry.ends_at))) {
    starts_at = std::min(starts_at, entry.starts_at);
    if (ends_at <= now) {
      if (entry.resolved_at(now)) ends_at = std::max(ends_at, entry.ends_at);
    } else if (!entry.timeout) {
      ends_at = std::max(ends_at, entry.ends_at);
    }
  }
  entry.starts_at = starts_at;
  entry.ends_at = ends_at;
  entry.timeout = timeout;
  entry.updated_at = now;
  entry.version = ++last_version;
  entry.text = alert.text ? alert.text : nothing;
  entry.stored = true;
}

void Engine::Impl::collect_alerts() {
  for (auto it = entries.begin(); it != entries.end();) {
    AlertEntry& entry = *it->second;
    if (entry.resolved_at(now)) entry.stored = false;
    it = !entry.stored && !entry.grouped() ? entries.erase(it) : std::next(it);
  }
}

void Engine::Impl::dispatch(AlertEntry& entry) {
  for (AlertEntry::Place& place : entry.places) {
    if (place.group != nullptr) continue;
    const Labels labels = place.route->group_labels(entry.labels);
    Group*& group = by_route[place.route->index][labels];
    if (group != nullptr) {
      join(*group, entry, place);
      continue;
    }
    group = &new_group(*place.route, labels);
    join(*group, entry, place);
    const bool old = entry.starts_at + place.route->group_wait < now;
    group->due = old ? now : now + place.route->group_wait;
    if (dispatching) start_timer(*group);
  }
}

void Engine::Impl::join(Group& group, AlertEntry& entry, AlertEntry::Place& place) {
  group.insert(&entry);
  place.group = &group;
}

Group& Engine::Impl::new_group(const Route& route, const Labels& labels) {
  std::size_t slot = groups.size();
  if (free_slots.empty()) {
    groups.emplace_back();
  } else {
    slot = free_slots.back();
    free_slots.pop_back();
  }
  groups[slot] = std::make_unique<Group>();
  Group& group = *groups[slot];
  group.slot = slot;
  group.generation = ++last_generation;
  group.route = &route;
  group.receiver = config->find_receiver(route.receiver);
  group.labels = labels;
  group.key = route.key + ':' + label_set_text(labels);
  for (const Integration& integration : group.receiver->integrations) {
    group.log_keys.push_back(NotificationLog::key_of(group.key, route.receiver, integration));
  }
  return group;
}

Group* Engine::Impl::find_group(std::uint64_t slot, std::uint64_t generation) {
  if (slot >= groups.size() || !groups[slot]) return nullptr;
  return groups[slot]->generation == generation ? groups[slot].get() : nullptr;
}

void Engine::Impl::start_timer(Group& group) {
  group.running = true;
  schedule(group.due, EventKind::kTick, group.slot, group.generation);
}

void Engine::Impl::destroy(Group& group) {
  by_route[group.route->index].erase(group.labels);
  free_slots.push_back(group.slot);
  groups[group.slot].reset();
}

void Engine::Impl::timer_fired(Group& group, const Event& event) {
  if (group.flushing) {
    group.late_tick = event.at;
  } else {
    tick(group, event.at);
  }
}

void Engine::Impl::tick(Group& group, Timestamp at) {
  group.due = now + group.route->group_interval;
  start_timer(group);
  flush(group, at);
}

}  // namespace tocsin::alerting
