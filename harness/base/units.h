#pragma once

#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/time.h"

/// Numbers with units, as people write them in scenarios. All are kept in base units: ratios as
/// 0–1, times in seconds, sizes in bytes, rates in 1/s.

namespace tocsin {

enum class Dimension { kNumber, kRatio, kTime, kBytes, kRate };

std::string_view to_string(Dimension dimension);

struct Quantity {
  double value = 0;  ///< in base units
  Dimension dimension = Dimension::kNumber;

  bool operator==(const Quantity&) const = default;
};

/// "45.2", "8%", "500ms", "1h30m", "600B", "8KB", "2GiB", "50/s", "3000/m", "1e6/h". Decimal
/// prefixes are powers of 1000, binary ones (KiB …) of 1024. A sign is allowed. Errors carry no
/// position.
Result<Quantity> parse_quantity(std::string_view text);

/// The quantity as a user would write it, shortest that reads back the same: 0.08 ratio is "8%".
std::string format_quantity(Quantity quantity);

/// Shortest decimal form that reads back the same; "NaN", "+Inf", "-Inf" as Prometheus prints them.
std::string format_number(double value);
/// Up to `digits` significant digits, no trailing zeros; for messages.
std::string format_number(double value, int digits);

}  // namespace tocsin
