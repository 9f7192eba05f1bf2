#include "harness/traffic/load.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "harness/base/check.h"
#include "harness/traffic/load_plan.h"
#include "harness/traffic/verdict.h"
#include "harness/traffic/worker.h"

namespace tocsin::traffic {
namespace {

constexpr Duration kProgressEvery{100};

/// The workers' threads; counts those that are done, keeps their first exception.
class Crew {
 public:
  void start(Worker& worker, Nanos at) {
    threads_.emplace_back([this, &worker, at] {
      std::exception_ptr thrown;
      try {
        worker.run(at);
      } catch (...) {
        thrown = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      if (thrown && !thrown_) thrown_ = thrown;
      ++done_;
      changed_.notify_one();
    });
  }
  /// Whether all are done, after waiting for it a little while.
  bool wait_a_while() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kProgressEvery, [&] { return done_ == threads_.size(); });
  }
  void join() {
    for (std::jthread& thread : threads_) thread.join();
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  std::vector<std::jthread> threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t done_ = 0;
  std::exception_ptr thrown_;
};

LoadProgress progress_of(const std::vector<std::unique_ptr<Worker>>& workers, Nanos elapsed,
                         Nanos planned) {
  LoadProgress progress;
  progress.elapsed = std::chrono::round<Duration>(std::max(Nanos(0), elapsed));
  progress.planned = std::chrono::round<Duration>(planned);
  for (const auto& worker : workers) progress.ledger += worker->progress();
  return progress;
}

LoadOutcome outcome_of(const std::vector<std::unique_ptr<Worker>>& workers, const LoadPlan& plan,
                       Timestamp start) {
  Recorder total = workers.front()->recorder();
  GeneratorState generator;
  Nanos ended{0};
  for (const auto& worker : workers) {
    if (worker != workers.front()) total.merge(worker->recorder());
    generator.never_sent += worker->never_sent();
    generator.busy = std::max(generator.busy, worker->busy());
    generator.behind = std::max(generator.behind, worker->behind());
    ended = std::max(ended, worker->ended());
  }
  LoadOutcome outcome;
  outcome.stopped = ended < plan.length;
  outcome.result = total.result(start, std::chrono::round<Duration>(std::min(ended, plan.length)));
  TOCSIN_CHECK(outcome.result.total.ledger.balanced(), "every request has exactly one end");
  if (outcome.stopped) generator.never_sent = 0;  // it was cut short
  outcome.invalid_reason = invalid_reason(plan.options, outcome.result.total, generator);
  return outcome;
}

}  // namespace

Result<LoadOutcome> run_load(const LoadOptions& options, LoadStop& stop,
                             const std::function<void(const LoadProgress&)>& progress) {
  TRY(const LoadPlan plan, plan_load(options));
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::uint32_t part = 0; part < options.threads; ++part) {
    workers.push_back(std::make_unique<Worker>(plan, part, stop));
  }
  // A little later than now, so that the threads are ready when it begins.
  constexpr Duration kLeadIn(5);
  const Nanos start = system_clock().monotonic() + kLeadIn;
  const Timestamp start_time = system_clock().now() + kLeadIn;
  Crew crew;
  for (const auto& worker : workers) crew.start(*worker, start);
  while (!crew.wait_a_while()) {
    if (progress) progress(progress_of(workers, system_clock().monotonic() - start, plan.length));
  }
  crew.join();
  return outcome_of(workers, plan, start_time);
}

}  // namespace tocsin::traffic
