#pragma once

#include <string>

#include "harness/model/evidence.h"
#include "harness/scenario/system.h"

namespace tocsin::run {

/// Kubernetes' opinion of one health endpoint: answers in, "considered ok" out. A probe begins as
/// ok (a liveness probe's initial state) and changes its mind after failure_threshold failures, or
/// success_threshold successes, in a row. Success is a status of 200 to 399 within the timeout.
class HealthWatch {
 public:
  explicit HealthWatch(const scenario::ProbeSpec& spec) : spec_(spec) {}
  /// Sets `result.considered_ok`.
  void judge(ProbeResult& result);

 private:
  scenario::ProbeSpec spec_;
  bool ok_ = true;
  int in_a_row_ = 0;  ///< answers that speak against ok_
};

/// The service's and the exporters' endpoints that are probed.
struct ProbePlan {
  const scenario::Target* target = nullptr;
  const scenario::HealthEndpoint* endpoint = nullptr;
};
std::vector<ProbePlan> probes_of(const scenario::System& system);

}  // namespace tocsin::run
