#include "harness/traffic/worker.h"

#include <algorithm>
#include <fstream>

#include "harness/base/check.h"
#include "harness/net/task_group.h"

namespace tocsin::traffic {
namespace {

/// How often a worker looks up from its work: whether to stop, and to publish its progress.
constexpr Nanos kTick = std::chrono::milliseconds(50);

/// `total` things over `parts`: how many `part` gets.
std::uint32_t share_of(std::uint32_t total, std::uint32_t part, std::uint32_t parts) {
  return total / parts + (part < total % parts ? 1 : 0);
}

Dispatcher::Options dispatcher_options(const LoadOptions& load, std::uint32_t part) {
  Dispatcher::Options options;
  options.schedule.seed = load.seed;
  options.schedule.time_scale = load.time_scale;
  options.schedule.part = part;
  options.schedule.of = load.threads;
  options.connections = share_of(load.connections, part, load.threads);
  options.waiting_limit = share_of(load.waiting_limit, part, load.threads);
  return options;
}

/// Time that this thread has run, and waited for a processor to run on; 0 where Linux doesn't say.
Nanos time_wanted() {
  std::ifstream stats("/proc/thread-self/schedstat");
  std::int64_t ran = 0;
  std::int64_t queued = 0;
  stats >> ran >> queued;
  return stats ? Nanos(ran + queued) : Nanos(0);
}

}  // namespace

struct Worker::Slot {
  Slot(net::Loop& loop, const http::Peer& peer) : connection(loop, peer), wake(loop) {}

  http::ClientConnection connection;
  net::Timer wake;
  bool asleep = false;
  std::optional<Dispatcher::Assignment> assignment;
  std::string buffer;
};

Worker::Worker(const LoadPlan& plan, std::uint32_t part, const LoadStop& stop)
    : plan_(plan),
      stop_(stop),
      recorder_(plan.options.traffic,
                {.time_scale = plan.options.time_scale, .slice = plan.options.slice}),
      dispatcher_(plan.options.traffic, dispatcher_options(plan.options, part), recorder_),
      random_(plan.options.seed, "traffic/requests/" + std::to_string(part)),
      next_seq_(part),
      clock_(loop_) {
  const std::uint32_t connections = share_of(plan.options.connections, part, plan.options.threads);
  for (std::uint32_t i = 0; i < connections; ++i) {
    slots_.push_back(std::make_unique<Slot>(loop_, plan.peer));
  }
}

Worker::~Worker() = default;

void Worker::run(Nanos start) {
  start_ = start;
  const Nanos before = time_wanted();
  const Nanos from = now();
  loop_.run(run_all());
  busy_ = to_seconds(time_wanted() - before) / to_seconds(std::max(Nanos(1), now() - from));
  TOCSIN_CHECK(recorder_.everything().balanced(), "every request has exactly one end");
}

net::Task<void> Worker::run_all() {
  net::TaskGroup group(loop_);
  for (const auto& slot : slots_) group.spawn(serve(*slot));
  co_await keep_time();
  ended_ = now();
  ending_ = true;
  behind_ = std::max(Nanos(0), ended_ - dispatcher_.next_due());
  never_sent_ = dispatcher_.abandon_waiting();
  group.cancel_all();
  co_await group.join();
  publish();
}

net::Task<void> Worker::keep_time() {
  const Nanos last = plan_.length + Nanos(plan_.options.drain);
  Nanos next_tick{0};
  for (;;) {
    const Nanos at = now();
    if (at >= next_tick) {
      if (stop_.requested()) co_return;
      publish();
      next_tick = at + kTick;
    }
    assign_due(at);
    if (at >= last || (at >= plan_.length && dispatcher_.exhausted())) co_return;
    clock_wakes_ = std::min(dispatcher_.next_due(), next_tick);
    if (at < plan_.length) clock_wakes_ = std::min(clock_wakes_, plan_.length);
    // At the highest rates something is always due; the connections must have their turn still.
    if (clock_wakes_ <= now()) {
      co_await net::sleep_for(Nanos(0));
    } else {
      co_await clock_.wait_until(start_ + clock_wakes_);
    }
  }
}

void Worker::assign_due(Nanos now) {
  if (ending_) return;
  while (auto assignment = dispatcher_.poll(now)) {
    Slot& slot = *slots_[assignment->connection];
    slot.assignment = *assignment;
    if (slot.asleep) slot.wake.notify();
  }
}

net::Task<void> Worker::serve(Slot& slot) {
  for (;;) {
    while (!slot.assignment) {
      slot.asleep = true;
      const net::Wake wake = co_await slot.wake.wait_until(net::kNoDeadline);
      slot.asleep = false;
      if (wake == net::Wake::kCancelled) break;
    }
    if (!slot.assignment) break;
    const DueRequest& due = slot.assignment->request;
    const RequestText& text = plan_.requests[plan_.request_of[due.phase][due.endpoint]];
    const std::string_view bytes = text.render(next_seq_, random_, slot.buffer);
    next_seq_ += plan_.options.threads;
    const Nanos taken = loop_.now();
    net::Outcome<http::Exchange> outcome = http::Exchange();
    if (plan_.unresolved) {
      outcome = *plan_.unresolved;
    } else {
      outcome = co_await slot.connection.send(bytes, text.answer_to(),
                                              taken + Nanos(plan_.options.timeout));
    }
    record(slot, outcome, taken, bytes.size());
    if (ending_) break;
    // A failure may come without a wait, again and again; the others must have their turn.
    if (!outcome) co_await net::sleep_for(Nanos(0));
    if (!plan_.options.keep_alive) slot.connection.close();
  }
  slot.connection.close();
}

void Worker::record(Slot& slot, const net::Outcome<http::Exchange>& outcome, Nanos taken,
                    std::size_t sent_bytes) {
  const Dispatcher::Assignment assignment = *slot.assignment;
  slot.assignment.reset();
  if (outcome) {
    Answer answer;
    // Opening a connection takes the server's time, not the generator's.
    const Nanos handed_over = outcome->connected ? taken : outcome->sent;
    answer.send_lag = handed_over - start_ - assignment.ready;
    answer.sent = outcome->sent - start_;
    answer.done = outcome->done - start_;
    answer.status = outcome->status;
    answer.bytes_in = outcome->body_bytes;
    answer.bytes_out = sent_bytes;
    recorder_.completed(assignment.request, answer);
    dispatcher_.finished(assignment, answer.done, Dispatcher::Outcome::kAnswered);
    assign_due(answer.done);
  } else if (ending_ && outcome.error().kind == net::NetFailure::kCancelled) {
    recorder_.unfinished(assignment.request);
  } else {
    const Nanos at = now();
    recorder_.failed(assignment.request, taken - start_ - assignment.ready,
                     to_string(outcome.error()));
    dispatcher_.finished(assignment, at, Dispatcher::Outcome::kFailed);
    assign_due(at);
  }
  if (dispatcher_.next_due() < clock_wakes_ || dispatcher_.exhausted()) clock_.notify();
}

void Worker::publish() {
  const std::lock_guard lock(published_mutex_);
  published_ = recorder_.everything();
}

LoadLedger Worker::progress() const {
  const std::lock_guard lock(published_mutex_);
  return published_;
}

}  // namespace tocsin::traffic
