#include "harness/faults/treatment.h"

namespace tocsin::faults {

/// Bytes come in small segments; the smallest of several.
void apply_slice(const NetworkFault& fault, Random&, Treatment& treatment) {
  std::size_t& slice = treatment.slice_bytes;
  if (slice == 0 || fault.slice_bytes < slice) slice = fault.slice_bytes;
}

}  // namespace tocsin::faults
