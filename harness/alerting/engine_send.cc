#include <algorithm>

#include "harness/alerting/engine_state.h"
#include "harness/base/check.h"

namespace tocsin::alerting {
namespace {

// Alertmanager's pauses between attempts.
constexpr Nanos kFirstPause = std::chrono::milliseconds(500);
constexpr double kPauseGrowth = 1.5;
constexpr Nanos kLongestPause = std::chrono::seconds(60);

Duration rounded_up(Nanos length) {
  return std::chrono::ceil<Duration>(length);
}

}  // namespace

Nanos Engine::Impl::scaled(Nanos length) const {
  return Nanos(static_cast<std::int64_t>(static_cast<double>(length.count()) / options.time_scale));
}

void Engine::Impl::attempt(std::uint64_t id) {
  const auto it = sendings.find(id);
  if (it == sendings.end()) return;
  Sending& sending = it->second;
  if (now >= sending.deadline) return finish(id, false);
  sending.attempt_at = now;
  if (++sending.attempts == 1) sending.pause = scaled(kFirstPause);
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

void Engine::Impl::answer_arrived(std::uint64_t id, std::uint64_t number) {
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
  const auto varied = Nanos(static_cast<std::int64_t>(static_cast<double>(pause.count()) * factor));
  sending.pause =
      std::min(scaled(kLongestPause),
               Nanos(static_cast<std::int64_t>(static_cast<double>(pause.count()) * kPauseGrowth)));
  // Pauses count from the beginning of an attempt.
  const Timestamp next = std::max(now, sending.attempt_at + rounded_up(varied));
  schedule(std::min(next, sending.deadline), EventKind::kAttempt, id);
}

void Engine::Impl::answered(std::uint64_t id, const Answer& answer) {
  const auto it = sendings.find(id);
  if (it == sendings.end() || it->second.answer) return;
  it->second.answer = answer;
  answer_arrived(id, static_cast<std::uint64_t>(it->second.attempts));
}

void Engine::Impl::write_log(const Group& group, const std::string& key,
                             const std::vector<std::uint64_t>& told_firing,
                             const std::vector<std::uint64_t>& told_resolved) {
  const Duration kept = std::min(options.retention, 2 * group.route->repeat_interval);
  log.write(key, {now, now + kept, told_firing, told_resolved});
}

void Engine::Impl::finish(std::uint64_t id, bool delivered) {
  const auto it = sendings.find(id);
  const Sending sending = std::move(it->second);
  sendings.erase(it);
  Group* group = find_group(sending.slot, sending.generation);
  TOCSIN_CHECK(group != nullptr, "a group waits for its notifications");
  if (delivered) write_log(*group, sending.log_key, sending.firing, sending.resolved);
  finished_one(*group, delivered);
}

void Engine::Impl::finished_one(Group& group, bool success) {
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

void Engine::Impl::drop_resolved(Group& group) {
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

}  // namespace tocsin::alerting
