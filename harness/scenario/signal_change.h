#pragma once

#include <string_view>

#include "harness/base/error.h"
#include "harness/base/units.h"
#include "harness/faults/fault.h"

namespace tocsin::scenario {

/// How a fault moves a signal of this dimension: "8%" (set), "=-5" (set, when a sign would read as
/// an offset), "x3" or "×3" (factor), "+500ms" and "-2GiB" (offset), and ramps "40..95", "x1..x3
/// over 10m", whose ends are of one kind. Sets kind, value, from and over; errors carry no
/// position.
Result<faults::SignalChange> parse_change(std::string_view text, Dimension dimension);

}  // namespace tocsin::scenario
