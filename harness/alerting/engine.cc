#include "harness/alerting/engine.h"

#include <algorithm>
#include <queue>

#include "harness/alerting/dispatcher.h"
#include "harness/base/check.h"
#include "harness/base/random.h"
#include "harness/base/utf8.h"

namespace tocsin::alerting {
namespace {

// Alertmanager's pauses between attempts.
constexpr Nanos kFirstPause = std::chrono::milliseconds(500);
constexpr double kPauseGrowth = 1.5;
constexpr Nanos kLongestPause = std::chrono::seconds(60);
/// A flush may take a group_interval, but at least so long.
constexpr Duration kShortestFlush = std::chrono::seconds(10);
constexpr Timestamp kBeyondAllTime = Timestamp(std::chrono::hours(24 * 365 * 8000));
constexpr Duration kInhibitorGc = std::chrono::minutes(15);

Duration rounded_up(Nanos length) {
  return std::chrono::ceil<Duration>(length);
}

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

struct Engine::Impl {
  /// A notification on its way to one integration.
  struct Sending {
    std::size_t slot = 0;
    std::uint64_t generation = 0;
    const Integration* integration = nullptr;
    std::string log_key;
    std::shared_ptr<const Notification> notification;
    std::vector<std::uint64_t> firing;
    std::vector<std::uint64_t> resolved;
    Timestamp deadline = {};
    Timestamp attempt_at = {};
    Timestamp attempt_deadline = {};
    Nanos pause = kFirstPause;
    int attempts = 0;
    std::optional<Answer> answer;  ///< known already, but not here yet
  };

  enum class EventKind { kTick, kAttempt, kAnswer, kStart, kAlertGc, kInhibitorGc, kMaintenance };
  struct Event {
    Timestamp at = {};
    std::uint64_t order = 0;
    EventKind kind = EventKind::kTick;
    std::uint64_t target = 0;  ///< a group's slot or a sending's id
    std::uint64_t generation = 0;

    bool operator<(const Event& other) const {  // the queue's top is the greatest
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  Impl(std::shared_ptr<const Config> first, const EngineOptions& how, Transport& transport)
      : options(how),
        out(transport),
        now(how.start),
        silences(how.seed, how.retention),
        noise(how.seed, "retries") {
    begin(std::move(first));
    schedule(now + options.alert_gc, EventKind::kAlertGc);
    schedule(now + options.maintenance, EventKind::kMaintenance);
  }

  // --- events ---

  void schedule(Timestamp at, EventKind kind, std::uint64_t target = 0,
                std::uint64_t generation = 0) {
    events.push({std::max(at, now), next_order++, kind, target, generation});
  }

  void advance(Timestamp to) {
    while (!events.empty() && events.top().at <= to) {
      const Event event = events.top();
      events.pop();
      now = std::max(now, event.at);
      run(event);
    }
    now = std::max(now, to);
  }

  void run(const Event& event) {
    switch (event.kind) {
      case EventKind::kTick:
        if (Group* group = find_group(event.target, event.generation)) timer_fired(*group, event);
        return;
      case EventKind::kAttempt:
        return attempt(event.target);
      case EventKind::kAnswer:
        return answer_arrived(event.target, event.generation);
      case EventKind::kStart:
        if (event.generation == dispatcher) start_dispatching();
        return;
      case EventKind::kAlertGc:
        collect_alerts();
        return schedule(now + options.alert_gc, EventKind::kAlertGc);
      case EventKind::kInhibitorGc:
        if (event.generation != dispatcher) return;
        inhibitor->collect_garbage(now);
        return schedule(now + kInhibitorGc, EventKind::kInhibitorGc, 0, dispatcher);
      case EventKind::kMaintenance:
        log.collect_garbage(now);
        silences.collect_garbage(now);
        return schedule(now + options.maintenance, EventKind::kMaintenance);
    }
  }

  // --- a configuration's life ---

  void begin(std::shared_ptr<const Config> new_config) {
    config = std::move(new_config);
    ++dispatcher;
    dispatching = false;
    inhibitor = std::make_unique<Inhibitor>(config->inhibit_rules);
    schedule(now + kInhibitorGc, EventKind::kInhibitorGc, 0, dispatcher);
    groups.clear();
    free_slots.clear();
    sendings.clear();
    by_route.assign(config->route_count, {});
    const Timestamp start = options.start + options.start_delay;
    if (start <= now) {
      dispatching = true;
    } else {
      schedule(start, EventKind::kStart, 0, dispatcher);
    }
    std::vector<AlertEntry*> stored;
    for (auto it = entries.begin(); it != entries.end();) {
      if (!it->second->stored) {
        it = entries.erase(it);
        continue;
      }
      stored.push_back(it->second.get());
      ++it;
    }
    std::sort(stored.begin(), stored.end(),
              [](const AlertEntry* a, const AlertEntry* b) { return a->version < b->version; });
    for (AlertEntry* entry : stored) {
      place(*entry);
      inhibitor->update(entry->fingerprint, entry->inhibit, entry->ends_at);
    }
    for (AlertEntry* entry : stored) dispatch(*entry);
  }

  void start_dispatching() {
    dispatching = true;
    for (const auto& group : groups) {
      if (group && !group->running) start_timer(*group);
    }
  }

  /// What depends on the label set and the configuration only.
  void place(AlertEntry& entry) {
    entry.places.clear();
    for (const Route* route : config->route.match(entry.labels)) {
      entry.places.push_back({route, nullptr});
    }
    entry.inhibit = inhibitor->roles_of(entry.labels);
  }

  // --- intake ---

  std::vector<std::string> post(std::span<const PostedAlert> alerts) {
    std::vector<std::string> refusals;
    for (const PostedAlert& alert : alerts) {
      std::string refusal = post(alert);
      if (!refusal.empty()) refusals.push_back(std::move(refusal));
    }
    return refusals;
  }

  std::string post(const PostedAlert& alert) {
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

  bool keep_posting(const PostedAlert& alert, Duration period) {
    if (!post(alert).empty() || period <= Duration(0)) return false;
    AlertEntry& entry = *find_entry(alert.labels);
    if (!entry.inhibit.sources.empty() || entry.ends_at <= now + period) return false;
    entry.renewal = period;
    entry.lifetime = entry.ends_at - now;
    entry.ends_at = kBeyondAllTime;
    return true;
  }

  void stop_posting(const Labels& labels) {
    AlertEntry* entry = find_entry(labels);
    if (entry != nullptr) entry->settle(now);
  }

  AlertEntry* find_entry(const Labels& labels) {
    const auto it = entries.find(labels);
    return it == entries.end() ? nullptr : it->second.get();
  }

  AlertEntry& new_entry(const Labels& labels) {
    auto entry = std::make_unique<AlertEntry>();
    entry->labels = labels;
    entry->fingerprint = alerting::fingerprint(labels);
    place(*entry);
    return *(entries[labels] = std::move(entry));
  }

  void merge(AlertEntry& entry, const PostedAlert& alert, Timestamp starts_at, Timestamp ends_at) {
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

  void collect_alerts() {
    for (auto it = entries.begin(); it != entries.end();) {
      AlertEntry& entry = *it->second;
      if (entry.resolved_at(now)) entry.stored = false;
      it = !entry.stored && !entry.grouped() ? entries.erase(it) : std::next(it);
    }
  }

  // --- groups ---

  void dispatch(AlertEntry& entry) {
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

  static void join(Group& group, AlertEntry& entry, AlertEntry::Place& place) {
    group.insert(&entry);
    place.group = &group;
  }

  Group& new_group(const Route& route, const Labels& labels) {
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

  Group* find_group(std::uint64_t slot, std::uint64_t generation) {
    if (slot >= groups.size() || !groups[slot]) return nullptr;
    return groups[slot]->generation == generation ? groups[slot].get() : nullptr;
  }

  void start_timer(Group& group) {
    group.running = true;
    schedule(group.due, EventKind::kTick, group.slot, group.generation);
  }

  void destroy(Group& group) {
    by_route[group.route->index].erase(group.labels);
    free_slots.push_back(group.slot);
    groups[group.slot].reset();
  }

  void timer_fired(Group& group, const Event& event) {
    if (group.flushing) {
      group.late_tick = event.at;
    } else {
      tick(group, event.at);
    }
  }

  void tick(Group& group, Timestamp at) {
    group.due = now + group.route->group_interval;
    start_timer(group);
    flush(group, at);
  }

  // --- the pipeline ---

  void flush(Group& group, Timestamp tick_time) {
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

  /// Leaves in `passed` what is not muted; false when that is nothing.
  bool pass_filters(Group& group, Timestamp tick_time) {
    passed.clear();
    for (AlertEntry* entry : group.members) {
      if (!inhibitor->muted_by(entry->inhibit, now)) passed.push_back(entry);
    }
    if (passed.empty()) return false;
    const Route& route = *group.route;
    group.muted_by.clear();
    if (!route.active_time_intervals.empty() &&
        config->intervals_at(route.active_time_intervals, tick_time).empty()) {
      group.muted_by = route.active_time_intervals;
      return false;
    }
    if (!route.mute_time_intervals.empty()) {
      group.muted_by = config->intervals_at(route.mute_time_intervals, tick_time);
      if (!group.muted_by.empty()) return false;
    }
    if (!silences.all().empty()) {
      std::erase_if(passed,
                    [&](const AlertEntry* entry) { return silences.mutes(entry->labels, now); });
    }
    return !passed.empty();
  }

  void notify(Group& group, Timestamp tick_time) {
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

  void tell(Group& group, std::size_t place, NotifyReason reason, Timestamp tick_time) {
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
    sending.deadline = now + std::max(group.route->group_interval, kShortestFlush);
    const std::uint64_t id = ++last_sending;
    sendings.emplace(id, std::move(sending));
    ++group.outstanding;
    attempt(id);
  }

  std::shared_ptr<const Notification> notification(const Group& group,
                                                   const Integration& integration,
                                                   NotifyReason reason, Timestamp tick_time) const {
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

  // --- sending ---

  void attempt(std::uint64_t id) {
    const auto it = sendings.find(id);
    if (it == sendings.end()) return;
    Sending& sending = it->second;
    if (now >= sending.deadline) return finish(id, false);
    sending.attempt_at = now;
    ++sending.attempts;
    sending.attempt_deadline = sending.deadline;
    if (sending.integration->timeout) {
      sending.attempt_deadline =
          std::min(sending.deadline, now + rounded_up(*sending.integration->timeout));
    }
    const Delivery delivery{id,  sending.notification,    sending.integration, sending.attempts,
                            now, sending.attempt_deadline};
    sending.answer = out.send(delivery);
    const auto number = static_cast<std::uint64_t>(sending.attempts);
    if (!sending.answer) {
      return schedule(sending.attempt_deadline, EventKind::kAnswer, id, number);
    }
    const Timestamp arrives = now + sending.answer->latency;
    if (arrives > sending.attempt_deadline) {
      sending.answer = Answer{Answer::Kind::kTimeout};
      return schedule(sending.attempt_deadline, EventKind::kAnswer, id, number);
    }
    if (arrives > now) return schedule(arrives, EventKind::kAnswer, id, number);
    answer_arrived(id, number);
  }

  /// Of an attempt; of an earlier one it is ignored.
  void answer_arrived(std::uint64_t id, std::uint64_t number) {
    const auto it = sendings.find(id);
    if (it == sendings.end()) return;
    Sending& sending = it->second;
    if (static_cast<std::uint64_t>(sending.attempts) != number) return;
    const Answer answer = sending.answer.value_or(Answer{Answer::Kind::kTimeout});
    switch (judge(*sending.integration, answer)) {
      case Verdict::kDelivered:
        return finish(id, true);
      case Verdict::kFailed:
        return finish(id, false);
      case Verdict::kRetry:
        break;
    }
    const Nanos pause = sending.pause;
    const double factor = options.retry_noise ? 0.5 + noise.uniform() : 1.0;
    const auto varied =
        Nanos(static_cast<std::int64_t>(static_cast<double>(pause.count()) * factor));
    sending.pause = std::min(
        kLongestPause,
        Nanos(static_cast<std::int64_t>(static_cast<double>(pause.count()) * kPauseGrowth)));
    // Pauses count from the beginning of an attempt.
    const Timestamp next = std::max(now, sending.attempt_at + rounded_up(varied));
    schedule(std::min(next, sending.deadline), EventKind::kAttempt, id);
  }

  void answered(std::uint64_t id, const Answer& answer) {
    const auto it = sendings.find(id);
    if (it == sendings.end() || it->second.answer) return;
    it->second.answer = answer;
    answer_arrived(id, static_cast<std::uint64_t>(it->second.attempts));
  }

  void write_log(const Group& group, const std::string& key,
                 const std::vector<std::uint64_t>& told_firing,
                 const std::vector<std::uint64_t>& told_resolved) {
    const Duration kept = std::min(options.retention, 2 * group.route->repeat_interval);
    log.write(key, {now, now + kept, told_firing, told_resolved});
  }

  void finish(std::uint64_t id, bool delivered) {
    const auto it = sendings.find(id);
    const Sending sending = std::move(it->second);
    sendings.erase(it);
    Group* group = find_group(sending.slot, sending.generation);
    TOCSIN_CHECK(group != nullptr, "a group waits for its notifications");
    if (delivered) write_log(*group, sending.log_key, sending.firing, sending.resolved);
    finished_one(*group, delivered);
  }

  void finished_one(Group& group, bool success) {
    group.failed = group.failed || !success;
    if (--group.outstanding > 0) return;
    group.flushing = false;
    if (!group.failed) {
      drop_resolved(group);
      if (group.members.empty()) return destroy(group);
    }
    if (group.late_tick) {
      const Timestamp at = *std::exchange(group.late_tick, std::nullopt);
      tick(group, at);
    }
  }

  /// Those that nobody posted anew since the flush began.
  void drop_resolved(Group& group) {
    for (const Group::Resolved& one : group.resolved) {
      if (one.entry->version != one.version) continue;
      group.erase(one.entry);
      for (AlertEntry::Place& place : one.entry->places) {
        if (place.group == &group) place.group = nullptr;
      }
      // The store's garbage collection may have left it to the groups.
      if (!one.entry->stored && !one.entry->grouped()) entries.erase(Labels(one.entry->labels));
    }
    group.resolved.clear();
  }

  // --- queries ---

  AlertStatus status_of(const AlertEntry& entry) const {
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

  std::vector<AlertStatus> alerts() const {
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

  std::vector<GroupStatus> all_groups() const {
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

  EngineOptions options;
  Transport& out;
  Timestamp now;
  std::shared_ptr<const Config> config;
  Silences silences;
  NotificationLog log;
  std::unique_ptr<Inhibitor> inhibitor;
  std::unordered_map<Labels, std::unique_ptr<AlertEntry>> entries;
  std::vector<std::unique_ptr<Group>> groups;
  std::vector<std::size_t> free_slots;
  std::vector<std::unordered_map<Labels, Group*>> by_route;
  std::unordered_map<std::uint64_t, Sending> sendings;
  std::priority_queue<Event> events;
  std::uint64_t next_order = 0;
  std::uint64_t last_version = 0;
  std::uint64_t last_generation = 0;
  std::uint64_t last_sending = 0;
  std::uint64_t dispatcher = 0;  ///< counts configurations
  bool dispatching = false;
  Random noise;
  // Of the flush that is being made; kept to spare allocations.
  std::vector<AlertEntry*> passed;
  std::vector<std::uint64_t> firing;
  std::vector<std::uint64_t> resolved;
};

Engine::Engine(std::shared_ptr<const Config> config, const EngineOptions& options,
               Transport& transport)
    : impl_(std::make_unique<Impl>(std::move(config), options, transport)) {}
Engine::~Engine() = default;

Timestamp Engine::now() const {
  return impl_->now;
}

std::optional<Timestamp> Engine::next_event() const {
  if (impl_->events.empty()) return std::nullopt;
  return impl_->events.top().at;
}

void Engine::advance(Timestamp to) {
  impl_->advance(to);
}

std::vector<std::string> Engine::post(std::span<const PostedAlert> alerts) {
  return impl_->post(alerts);
}

bool Engine::keep_posting(const PostedAlert& alert, Duration period) {
  return impl_->keep_posting(alert, period);
}

void Engine::stop_posting(const Labels& labels) {
  impl_->stop_posting(labels);
}

void Engine::reload(std::shared_ptr<const Config> config) {
  impl_->begin(std::move(config));
}

void Engine::answered(std::uint64_t delivery, const Answer& answer) {
  impl_->answered(delivery, answer);
}

const Config& Engine::config() const {
  return *impl_->config;
}

Silences& Engine::silences() {
  return impl_->silences;
}
const Silences& Engine::silences() const {
  return impl_->silences;
}

std::vector<AlertStatus> Engine::alerts() const {
  return impl_->alerts();
}

std::vector<GroupStatus> Engine::groups() const {
  return impl_->all_groups();
}

std::size_t Engine::group_count() const {
  return impl_->groups.size() - impl_->free_slots.size();
}

}  // namespace tocsin::alerting
