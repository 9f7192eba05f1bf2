#include <algorithm>

#include "harness/faults/treatment.h"

namespace tocsin::faults {

void apply_cut(const NetworkFault&, Random&, Treatment&) {}

/// The shortest of several.
void apply_cut_after(const NetworkFault& fault, Random&, Treatment& treatment) {
  treatment.limit_bytes =
      std::min(treatment.limit_bytes.value_or(fault.limit_bytes), fault.limit_bytes);
}

}  // namespace tocsin::faults
