#include "harness/alerting/engine.h"

#include <algorithm>

#include "harness/alerting/engine_state.h"

namespace tocsin::alerting {
namespace {

constexpr Duration kInhibitorGc = std::chrono::minutes(15);

}  // namespace

Engine::Impl::Impl(std::shared_ptr<const Config> first, const EngineOptions& how,
                   Transport& transport)
    : options(how),
      out(transport),
      now(how.start),
      silences(how.seed, how.retention),
      noise(how.seed, "retries") {
  begin(std::move(first));
  schedule(now + options.alert_gc, EventKind::kAlertGc);
  schedule(now + options.maintenance, EventKind::kMaintenance);
}

void Engine::Impl::schedule(Timestamp at, EventKind kind, std::uint64_t target,
                            std::uint64_t generation) {
  events.push({std::max(at, now), next_order++, kind, target, generation});
}

void Engine::Impl::advance(Timestamp to) {
  while (!events.empty() && events.top().at <= to) {
    const Event event = events.top();
    events.pop();
    now = std::max(now, event.at);
    run(event);
  }
  now = std::max(now, to);
}

void Engine::Impl::run(const Event& event) {
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

void Engine::Impl::begin(std::shared_ptr<const Config> new_config) {
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

void Engine::Impl::start_dispatching() {
  dispatching = true;
  for (const auto& group : groups) {
    if (group && !group->running) start_timer(*group);
  }
}

void Engine::Impl::place(AlertEntry& entry) {
  entry.places.clear();
  for (const Route* route : config->route.match(entry.labels)) {
    entry.places.push_back({route, nullptr});
  }
  entry.inhibit = inhibitor->roles_of(entry.labels);
}

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
