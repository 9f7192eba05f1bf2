#include "harness/run/health_watch.h"

#include "harness/run/stack.h"

namespace tocsin::run {

void HealthWatch::judge(ProbeResult& result) {
  const bool good = result.status_code >= 200 && result.status_code < 400;
  in_a_row_ = good == ok_ ? 0 : in_a_row_ + 1;
  if (in_a_row_ >= (ok_ ? spec_.failure_threshold : spec_.success_threshold)) {
    ok_ = !ok_;
    in_a_row_ = 0;
  }
  result.considered_ok = ok_;
}

std::vector<ProbePlan> probes_of(const scenario::System& system) {
  std::vector<ProbePlan> plans;
  for (const scenario::Target* target : targets_of(system)) {
    for (const scenario::HealthEndpoint& endpoint : target->health) {
      plans.push_back({target, &endpoint});
    }
  }
  return plans;
}

}  // namespace tocsin::run
