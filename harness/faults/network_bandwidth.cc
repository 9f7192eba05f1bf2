#include "harness/faults/treatment.h"

namespace tocsin::faults {

/// The narrowest of several.
void apply_bandwidth(const NetworkFault& fault, Random&, Treatment& treatment) {
  double& limit = treatment.bytes_per_second;
  if (limit == 0 || fault.bytes_per_second < limit) limit = fault.bytes_per_second;
}

}  // namespace tocsin::faults
