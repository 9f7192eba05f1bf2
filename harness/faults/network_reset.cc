#include "harness/faults/treatment.h"

namespace tocsin::faults {

/// The first bytes set the connection's end: RST, after the delay.
void apply_reset(const NetworkFault& fault, Random&, Treatment& treatment) {
  treatment.reset_after = fault.delay;
}

}  // namespace tocsin::faults
