#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "fakes/service/model.h"
#include "harness/base/error.h"
#include "harness/net/loop.h"
#include "harness/net/task.h"

namespace tocsin::fakes {

struct FrontOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: the kernel chooses one; kept through down faults
  /// Scenario time since the run's start, at this moment. It may stand below zero until the run
  /// begins; the metrics page is empty then.
  std::function<Duration()> offset;
  /// How much faster it runs than the clock. Delays of faults are divided by it; latencies are not.
  double time_scale = 1;
};

/// A target on a real socket: its endpoints wait out the drawn latency and answer the drawn status
/// and body, its metrics path serves text or OpenMetrics as Accept asks (gzip when asked for), its
/// health endpoints serve theirs, and its admin endpoints do what they say: the effect of a call
/// begins with its answer and comes in place of an earlier call's. Target faults act as on a real
/// process: down closes the listener and every connection, hang never answers, a slow scrape is
/// late, a malformed one is no exposition.
class TargetFront {
 public:
  /// Listening on return, unless a fault has the target down.
  static Result<std::unique_ptr<TargetFront>> open(net::Loop& loop, TargetModel& model,
                                                   const faults::FaultTimeline& faults,
                                                   FrontOptions options);
  ~TargetFront();

  /// Serves until stop() or cancellation; on return no connection is left.
  net::Task<void> serve();
  void stop();

  std::uint16_t port() const;
  /// "http://127.0.0.1:port".
  std::string url() const;

  /// Other faults from now on, for the model too.
  void set_faults(const faults::FaultTimeline& faults);

 private:
  struct Impl;
  explicit TargetFront(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::fakes
