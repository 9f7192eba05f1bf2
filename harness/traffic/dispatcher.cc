#include "harness/traffic/dispatcher.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/base/check.h"

namespace tocsin::traffic {
namespace {

constexpr Nanos kBetweenFirstRequests = std::chrono::microseconds(100);

Nanos scaled(Nanos unscaled, double time_scale) {
  return Nanos(std::llround(static_cast<double>(unscaled.count()) / time_scale));
}

}  // namespace

Dispatcher::Dispatcher(const Traffic& traffic, const Options& options, Recorder& recorder)
    : options_(options), recorder_(recorder), schedule_(traffic, options.schedule) {
  arrival_ = schedule_.next();
  Duration start{0};
  groups_.resize(traffic.phases.size());
  for (std::uint32_t i = 0; i < traffic.phases.size(); ++i) {
    const Phase& phase = traffic.phases[i];
    const double scale = options.schedule.time_scale;
    if (phase.users) add_users(phase, i, scaled(start, scale), scaled(start + phase.length, scale));
    start += phase.length;
  }
  // The first connection on top.
  for (std::uint32_t i = options.connections; i > 0; --i) free_.push_back({i - 1, Nanos(0)});
}

/// This part's users. They begin evenly over one think time, so that they don't march in step; and
/// nobody can open thousands of connections in the same instant.
void Dispatcher::add_users(const Phase& phase, std::uint32_t index, Nanos start, Nanos end) {
  const Schedule::Options& part = options_.schedule;
  Users users = *phase.users;
  const Nanos think = scaled(users.think, part.time_scale);
  const Nanos spread = std::min(std::max(think, users.count * kBetweenFirstRequests), end - start);
  for (std::uint32_t user = part.part; user < users.count; user += part.of) {
    const double place = static_cast<double>(user) / users.count;
    const Nanos at = start + Nanos(std::llround(static_cast<double>(spread.count()) * place));
    if (at < end) thinking_.push({at, index});
    if (users.count - user <= part.of) break;
  }
  const std::uint64_t stream = (std::uint64_t{part.part} + 1) << 32 | index;
  groups_[index].emplace(UserGroup{users, end, Mix(phase, part.seed, stream)});
}

Nanos Dispatcher::next_due() const {
  Nanos due = arrival_ ? arrival_->at : Nanos::max();
  if (!thinking_.empty()) due = std::min(due, thinking_.top().at);
  return due;
}

bool Dispatcher::exhausted() const {
  return !arrival_ && thinking_.empty() && waiting_.empty() && free_.size() == options_.connections;
}

void Dispatcher::enqueue(const DueRequest& request) {
  recorder_.scheduled(request);
  if (waiting_.size() < options_.waiting_limit + free_.size()) {
    waiting_.push_back(request);
  } else {
    recorder_.dropped(request);
  }
}

void Dispatcher::admit(Nanos now) {
  Nanos due = next_due();
  for (int i = 0; due <= now && i < kMostAtOnce; ++i, due = next_due()) {
    if (arrival_ && arrival_->at == due) {
      enqueue({due, arrival_->phase, arrival_->endpoint});
      arrival_ = schedule_.next();
    } else {
      const std::uint32_t phase = thinking_.top().phase;
      thinking_.pop();
      enqueue({due, phase, groups_[phase]->mix.next()});
    }
  }
}

std::optional<Dispatcher::Assignment> Dispatcher::poll(Nanos now) {
  admit(now);
  if (waiting_.empty() || free_.empty()) return std::nullopt;
  Assignment assignment;
  assignment.connection = free_.back().connection;
  assignment.request = waiting_.front();
  assignment.ready = std::max(assignment.request.intended, free_.back().since);
  free_.pop_back();
  waiting_.pop_front();
  return assignment;
}

void Dispatcher::finished(const Assignment& assignment, Nanos now, Outcome outcome) {
  TOCSIN_CHECK(free_.size() < options_.connections, "only a busy connection can finish");
  free_.push_back({assignment.connection, now});
  auto& group = groups_[assignment.request.phase];
  if (!group) return;
  Nanos think = scaled(group->users.think, options_.schedule.time_scale);
  if (outcome == Outcome::kFailed) think = std::max(think, options_.pause_after_failure);
  if (now + think < group->end) thinking_.push({now + think, assignment.request.phase});
}

std::size_t Dispatcher::abandon_waiting() {
  for (const DueRequest& request : waiting_) recorder_.unfinished(request);
  return std::exchange(waiting_, {}).size();
}

}  // namespace tocsin::traffic
