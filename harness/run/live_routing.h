#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/net/loop.h"
#include "harness/net/task.h"
#include "harness/rules/evaluation.h"
#include "harness/run/live_clock.h"
#include "harness/run/live_sender.h"
#include "harness/run/routing.h"
#include "harness/scenario/scenario.h"

namespace tocsin::run {

/// Who is told in a live run with embedded monitoring: the alerting engine on the real clock, its
/// lengths divided by the time scale, sending over loopback to receivers of its own. What comes of
/// it is added to the evidence.
class LiveRouting {
 public:
  /// The receivers are listening on return. Everything given outlives this; the evidence's time is
  /// known when run() begins.
  static Result<std::unique_ptr<LiveRouting>> open(net::Loop& loop,
                                                   const scenario::Scenario& scenario,
                                                   const Routing& routing, const LiveClock& clock,
                                                   Evidence& evidence);
  ~LiveRouting();

  /// Until `end` of the scenario, or until it is cancelled. Begins with the run.
  net::Task<void> run(Duration end, LiveSender::EvaluatedOf evaluated);
  /// After an evaluation, while run() runs: what is pending or firing.
  void evaluated(const std::vector<AlertEpisode>& active);
  /// Puts the notifications in order; run() is over.
  void finish();

 private:
  struct Impl;
  explicit LiveRouting(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::run
