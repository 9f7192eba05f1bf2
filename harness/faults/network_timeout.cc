#include "harness/faults/treatment.h"

namespace tocsin::faults {

/// Bytes are held back and dropped; the connection closes after the delay, or with the fault's end.
void apply_timeout(const NetworkFault& fault, Random&, Treatment& treatment) {
  treatment.timeout_after = fault.delay;
}

}  // namespace tocsin::faults
