#pragma once

#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/time.h"

/// Literals between their text and their value. Errors carry no position.

namespace tocsin::promql {

/// Decimal, octal (0755), hexadecimal, with exponent, with underscores between digits, inf and nan.
Result<double> parse_number(std::string_view text);

/// Prometheus' duration literal: units y w d h m s ms in this order, whole numbers, at most 292
/// years.
Result<Duration> parse_duration_literal(std::string_view text);

/// What a string literal in double or single quotes or backticks says; its escapes are those that
/// the lexer let pass. May hold any bytes.
std::string unquote(std::string_view literal);

/// In double quotes, escaped as Go's strconv.Quote does.
std::string quote(std::string_view text);

/// Likewise for messages: what lies behind the first 60 bytes becomes "...".
std::string quote_shortened(std::string_view text);

/// Of one character; U+FFFD for a byte that is none.
char32_t code_point(std::string_view character);

/// As Go formats a float with 'f' and shortest precision: no exponent, +Inf, -Inf, NaN.
std::string format_plain(double value);
/// As Go's %v: an exponent below 1e-4 and from 1e21.
std::string format_general(double value);

}  // namespace tocsin::promql
