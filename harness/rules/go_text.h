#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/time.h"

/// How Go writes and reads numbers, strings and times.

namespace tocsin::rules {

/// strconv.FormatFloat for the verbs e, E, f, g and G; precision -1 is the shortest form that reads
/// back the same. "NaN", "+Inf" and "-Inf" as Go has them.
std::string go_float(double value, char verb, int precision);

/// strconv.Quote: printable Unicode stays as it is.
std::string go_quote(std::string_view text);
/// The value of a Go literal "…", `…` or 'c' with its quotes; nullopt when it is malformed.
std::optional<std::string> go_unquote(std::string_view literal);

struct GoNumber {
  bool is_integer = false;  ///< written as an integer or as a character
  std::int64_t integer = 0;
  double number = 0;
};
/// A number or character literal: 12, 0x1F, 0b1, 1_000, 1e3, .5, 'x'. Complex ones are refused.
std::optional<GoNumber> go_number(std::string_view literal);
/// strconv.ParseFloat.
std::optional<double> go_parse_float(std::string_view text);

/// The zone that a time is shown in.
struct GoZone {
  std::chrono::seconds offset{0};  ///< east of UTC
  std::string_view name = "UTC";   ///< its abbreviation
};
/// time.Time's String(): "2026-01-28 09:00:00 +0000 UTC".
std::string go_time(Timestamp at, const GoZone& zone = {});
/// time.Time's Format(layout).
std::string go_time_format(Timestamp at, std::string_view layout, const GoZone& zone = {});
/// time.Duration's String(): "1h30m0s", "1.5µs".
std::string go_duration(std::chrono::nanoseconds length);

/// url.QueryEscape.
std::string go_query_escape(std::string_view text);

}  // namespace tocsin::rules
