#include <algorithm>

#include "harness/faults/treatment.h"

namespace tocsin::faults {

/// The service has closed, and the client hears of it late.
void apply_slow_close(const NetworkFault& fault, Random&, Treatment& treatment) {
  treatment.close_delay = std::max(treatment.close_delay, Nanos(fault.delay));
}

}  // namespace tocsin::faults
