#include "harness/metrics/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <system_error>

#include "harness/metrics/exposition_writer.h"

namespace tocsin::metrics {
namespace {

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
  });
}

/// from_chars says "out of range" for both ends. The number is too small, not too large, when its
/// first digit that is not 0 stands far behind the point once the exponent is counted in.
bool too_small(std::string_view text) {
  long exponent = 0;
  const std::size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    const bool down = text[e + 1] == '-';
    const std::size_t first = text[e + 1] == '+' || down ? e + 2 : e + 1;
    const auto read = std::from_chars(text.data() + first, text.data() + text.size(), exponent);
    if (read.ec != std::errc()) exponent = std::numeric_limits<int>::max();
    if (down) exponent = -exponent;
    text = text.substr(0, e);
  }
  const auto point = static_cast<long>(std::min(text.find('.'), text.size()));
  const std::size_t first = text.find_first_of("123456789");
  return exponent + point - static_cast<long>(first) < 0;
}

}  // namespace

const char* parse_long_number(const char* begin, const char* end, double& value) {
  const char* const digits = begin != end && *begin == '-' ? begin + 1 : begin;
  // Else from_chars would take "nan" and "inf".
  if (digits == end || !((*digits >= '0' && *digits <= '9') || *digits == '.')) return nullptr;
  const auto read = std::from_chars(begin, end, value);
  return read.ec == std::errc() ? read.ptr : nullptr;
}

std::optional<double> parse_value(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double value = 0;
  const char* const end = text.data() + text.size();
  if (parse_plain_number(text.data(), end, value) == end) return value;

  if (equals_ignoring_case(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (equals_ignoring_case(text, "inf") || equals_ignoring_case(text, "infinity"))
    return negative ? -std::numeric_limits<double>::infinity()
                    : std::numeric_limits<double>::infinity();
  if (text.empty() || !((text[0] >= '0' && text[0] <= '9') || text[0] == '.')) return std::nullopt;
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ptr != end || read.ec == std::errc::invalid_argument) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) {
    if (!too_small(text)) return std::nullopt;
    value = 0;
  }
  return negative ? -value : value;
}

void append_value(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  // Go's 'g' with the shortest digits: an exponent below 1e-4 and from 1e6 on.
  char buffer[32];
  const double magnitude = std::fabs(value);
  const bool scientific = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e6);
  const auto written =
      std::to_chars(buffer, buffer + sizeof buffer, value,
                    scientific ? std::chars_format::scientific : std::chars_format::fixed);
  out.append(buffer, written.ptr);
}

std::string format_value(double value) {
  std::string text;
  append_value(text, value);
  return text;
}

}  // namespace tocsin::metrics
