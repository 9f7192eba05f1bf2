#include "harness/faults/treatment.h"

namespace tocsin::faults {
namespace {

using Apply = void (*)(const NetworkFault&, Random&, Treatment&);

Apply apply_of(NetworkFault::Kind kind) {
  switch (kind) {
    case NetworkFault::Kind::kLatency:
      return apply_latency;
    case NetworkFault::Kind::kBandwidth:
      return apply_bandwidth;
    case NetworkFault::Kind::kTimeout:
      return apply_timeout;
    case NetworkFault::Kind::kReset:
      return apply_reset;
    case NetworkFault::Kind::kRefuse:
      return apply_refuse;
    case NetworkFault::Kind::kSlowClose:
      return apply_slow_close;
    case NetworkFault::Kind::kSlice:
      return apply_slice;
    case NetworkFault::Kind::kCut:
      return apply_cut;
    case NetworkFault::Kind::kCutAfter:
      return apply_cut_after;
  }
  return apply_latency;
}

}  // namespace

Treatment treatment_of(std::span<const NetworkFault> faults, NetworkFault::Direction way,
                       double lot, Random& random) {
  Treatment treatment;
  for (const NetworkFault& fault : faults) {
    if (lot < fault.share && concerns(fault, way)) apply_of(fault.kind)(fault, random, treatment);
  }
  return treatment;
}

}  // namespace tocsin::faults
