#include <algorithm>

#include "harness/alerting/engine_state.h"

namespace tocsin::alerting {
namespace {

/// A flush may take a group_interval, but at least so long.
constexpr Duration kShortestFlush = std::chrono::seconds(10);

}  // namespace

void Engine::Impl::flush(Group& group, Timestamp tick_time) {
  if (group.members.empty()) return;
  group.resolved.clear();
  for (AlertEntry* entry : group.members) {
    if (entry->resolved_at(now)) group.resolved.push_back({entry, entry->version});
  }
  group.flushing = true;
  group.failed = false;
  group.outstanding = 1;  // this function itself
  if (pass_filters(group, tick_time)) notify(group, tick_time);
  finished_one(group, true);
}

bool Engine::Impl::pass_filters(Group& group, Timestamp tick_time) {
  passed.clear();
  for (AlertEntry* entry : group.members) {
    if (!inhibitor->muted_by(entry->inhibit, now)) passed.push_back(entry);
  }
  const bool muted = !passed.empty() && route_is_muted(group, tick_time);
  if (options.observer != nullptr) report_flush(group, muted);
  if (muted) return false;
  if (!silences.all().empty()) {
    std::erase_if(passed,
                  [&](const AlertEntry* entry) { return silences.mutes(entry->labels, now); });
  }
  return !passed.empty();
}

bool Engine::Impl::route_is_muted(Group& group, Timestamp tick_time) const {
  const Route& route = *group.route;
  group.muted_by.clear();
  if (!route.active_time_intervals.empty() &&
      config->intervals_at(route.active_time_intervals, tick_time).empty()) {
    group.muted_by = route.active_time_intervals;
    return true;
  }
  if (!route.mute_time_intervals.empty()) {
    group.muted_by = config->intervals_at(route.mute_time_intervals, tick_time);
  }
  return !group.muted_by.empty();
}

void Engine::Impl::report_flush(const Group& group, bool muted) const {
  for (const AlertEntry* entry : group.members) {
    FlushedAlert seen{.labels = entry->labels, .group_key = group.key};
    seen.at = now;
    if (entry->resolved_at(now)) seen.ended_at = entry->ends_at;
    std::vector<std::string> silenced_by;
    if (const auto source = inhibitor->muted_by(entry->inhibit, now)) {
      seen.outcome = FlushedAlert::Outcome::kInhibited;
      seen.inhibited_by = *source;
    } else if (muted) {
      seen.outcome = FlushedAlert::Outcome::kMuted;
      seen.by = group.muted_by;
    } else if (silenced_by = silences.silencing(entry->labels, now); !silenced_by.empty()) {
      seen.outcome = FlushedAlert::Outcome::kSilenced;
      seen.by = silenced_by;
    }
    options.observer->flushed(seen);
  }
}

void Engine::Impl::notify(Group& group, Timestamp tick_time) {
  firing.clear();
  resolved.clear();
  for (const AlertEntry* entry : passed) {
    (entry->resolved_at(now) ? resolved : firing).push_back(entry->fingerprint);
  }
  const std::vector<Integration>& integrations = group.receiver->integrations;
  for (std::size_t i = 0; i < integrations.size(); ++i) {
    const NotifyReason reason =
        needs_update(log.find(group.log_keys[i]), firing, resolved, integrations[i].send_resolved,
                     group.route->repeat_interval, tick_time);
    if (reason != NotifyReason::kNone) tell(group, i, reason, tick_time);
  }
}

void Engine::Impl::tell(Group& group, std::size_t place, NotifyReason reason, Timestamp tick_time) {
  const Integration& integration = group.receiver->integrations[place];
  if (!integration.send_resolved && firing.empty()) {
    return write_log(group, group.log_keys[place], firing, resolved);
  }
  Sending sending;
  sending.slot = group.slot;
  sending.generation = group.generation;
  sending.integration = &integration;
  sending.log_key = group.log_keys[place];
  sending.notification = notification(group, integration, reason, tick_time);
  sending.firing = firing;
  sending.resolved = resolved;
  sending.deadline = now + std::max(group.route->group_interval,
                                    std::chrono::ceil<Duration>(scaled(kShortestFlush)));
  const std::uint64_t id = ++last_sending;
  sendings.emplace(id, std::move(sending));
  ++group.outstanding;
  attempt(id);
}

std::shared_ptr<const Notification> Engine::Impl::notification(const Group& group,
                                                               const Integration& integration,
                                                               NotifyReason reason,
                                                               Timestamp tick_time) const {
  auto told = std::make_shared<Notification>();
  told->receiver = group.route->receiver;
  told->integration = integration.kind;
  told->integration_index = integration.index;
  told->group_key = group.key;
  told->group_labels = group.labels;
  told->route_labels = group.route->labels;
  told->reason = reason;
  told->tick = tick_time;
  for (const AlertEntry* entry : passed) {
    const bool over = entry->resolved_at(now);
    if (over && !integration.send_resolved) continue;
    told->alerts.push_back({entry->labels, entry->fingerprint, entry->starts_at,
                            over ? std::optional(entry->ends_at) : std::nullopt, entry->text});
  }
  return told;
}

}  // namespace tocsin::alerting
