#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/error.h"

/// Time as monitoring counts it: whole milliseconds (Prometheus' resolution). Latencies and
/// intended send times need more and use Nanos.

namespace tocsin {

using Duration = std::chrono::milliseconds;
using Nanos = std::chrono::nanoseconds;
using Timestamp = std::chrono::sys_time<Duration>;

constexpr std::int64_t to_ms(Timestamp t) {
  return t.time_since_epoch().count();
}
constexpr Timestamp from_ms(std::int64_t ms) {
  return Timestamp(Duration(ms));
}
constexpr double to_seconds(Nanos d) {
  return static_cast<double>(d.count()) / 1e9;
}

/// Prometheus' duration syntax: units y w d h m s ms, each at most once and in this order ("1h30m",
/// "500ms", "0"); a year is 365 days. Fractions ("1.5s") are accepted for one unit only. At most
/// what 63 bits of nanoseconds hold, 292 years. The error carries no position.
Result<Duration> parse_duration(std::string_view text);

/// Shortest exact form in the same syntax: 90000 ms is "1m30s", 0 is "0s"; negative ones get "-".
std::string format_duration(Duration d);

/// For latencies: three significant digits and one unit, "850us", "1.25s".
std::string format_latency(Nanos d);

/// "2026-01-28T09:00:00Z"; milliseconds only when they are not zero.
std::string format_rfc3339(Timestamp t);

/// RFC 3339 with "T" or a space and "Z" or an offset; also a bare date, meaning midnight UTC.
Result<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace tocsin
