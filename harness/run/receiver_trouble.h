#pragma once

#include <optional>

#include "harness/alerting/engine.h"
#include "harness/faults/fault.h"

namespace tocsin::run {

/// How a receiver on the virtual clock takes a delivery: well and at once, or as its trouble has
/// it.
alerting::Answer answer_of(const alerting::Integration& integration,
                           const std::optional<faults::ReceiverFault>& trouble);

}  // namespace tocsin::run
