#include <algorithm>
#include <cmath>

#include "harness/faults/treatment.h"

namespace tocsin::faults {

/// Several latencies add up; jitter spreads each evenly to both sides, never below none at all.
void apply_latency(const NetworkFault& fault, Random& random, Treatment& treatment) {
  Nanos delay = fault.delay;
  if (fault.jitter > Duration(0)) {
    const double swing =
        (2 * random.uniform() - 1) * static_cast<double>(Nanos(fault.jitter).count());
    delay += Nanos(std::llround(swing));
  }
  treatment.delay += std::max(delay, Nanos(0));
}

}  // namespace tocsin::faults
