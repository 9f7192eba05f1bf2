#include "harness/faults/treatment.h"

namespace tocsin::faults {

/// For all connections the listener is closed; for a share of them, each is reset at once.
void apply_refuse(const NetworkFault&, Random&, Treatment& treatment) {
  treatment.refused = true;
}

}  // namespace tocsin::faults
