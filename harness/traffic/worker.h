#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "harness/net/loop.h"
#include "harness/net/timer.h"
#include "harness/traffic/dispatcher.h"
#include "harness/traffic/load_plan.h"
#include "harness/traffic/recorder.h"

namespace tocsin::traffic {

/// One thread's share of a load: a loop, its connections, and a recorder that nobody else sees.
///
/// One coroutine keeps the time: it sleeps until the next request is due. Each connection has a
/// coroutine too, which sends what it is assigned. Whichever of them runs asks the dispatcher for
/// everything that is due, so that a request never waits for the sleeper alone.
class Worker {
 public:
  Worker(const LoadPlan& plan, std::uint32_t part, const LoadStop& stop);
  ~Worker();

  /// Runs the share, which begins at `start` in monotonic time; on return no connection is open.
  void run(Nanos start);

  /// As of at most a twentieth of a second ago. Any thread.
  LoadLedger progress() const;

  /// Valid after run().
  const Recorder& recorder() const { return recorder_; }
  std::uint64_t never_sent() const { return never_sent_; }
  /// The share of the time that the thread ran or waited for a processor.
  double busy() const { return busy_; }
  Nanos ended() const { return ended_; }
  /// How long ago, at the end, the next request of the schedule had been due.
  Nanos behind() const { return behind_; }

 private:
  struct Slot;

  net::Task<void> run_all();
  net::Task<void> keep_time();
  net::Task<void> serve(Slot& slot);
  void assign_due(Nanos now);
  void record(Slot& slot, const net::Outcome<http::Exchange>& outcome, Nanos taken,
              std::size_t sent_bytes);
  void publish();
  Nanos now() const { return loop_.now() - start_; }

  const LoadPlan& plan_;
  const LoadStop& stop_;
  net::Loop loop_;
  Recorder recorder_;
  Dispatcher dispatcher_;
  Random random_;
  std::uint64_t next_seq_;
  net::Timer clock_;
  Nanos clock_wakes_{0};
  std::vector<std::unique_ptr<Slot>> slots_;
  Nanos start_{0};
  Nanos ended_{0};
  bool ending_ = false;
  Nanos behind_{0};
  std::uint64_t never_sent_ = 0;
  double busy_ = 0;
  mutable std::mutex published_mutex_;
  LoadLedger published_;
};

}  // namespace tocsin::traffic
