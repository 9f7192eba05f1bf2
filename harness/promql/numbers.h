#pragma once

#include <limits>

namespace tocsin::promql {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

inline bool is_digit(int c) {
  return c >= '0' && c <= '9';
}

}  // namespace tocsin::promql
