#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin::metrics {

/// The number at the start of [begin, end) if it is a plain decimal that a few instructions read
/// exactly (up to 19 digits, value below 2^53, up to 22 places), and where it ends; else nullptr,
/// which says nothing about validity: ask parse_value().
inline const char* parse_plain_number(const char* begin, const char* end, double& value) {
  static constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const char* p = begin;
  const bool negative = p != end && *p == '-';
  if (negative) ++p;
  const char* const digits = p;
  std::uint64_t mantissa = 0;
  const auto digit = [&] { return static_cast<unsigned>(*p - '0'); };
  for (; p != end && digit() < 10; ++p) mantissa = mantissa * 10 + digit();
  auto count = p - digits;
  int exponent = 0;
  if (p != end && *p == '.') {
    const char* const fraction = ++p;
    for (; p != end && digit() < 10; ++p) mantissa = mantissa * 10 + digit();
    exponent = static_cast<int>(fraction - p);
    count += p - fraction;
  }
  if (count == 0 || count > 19) return nullptr;
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    const bool down = p != end && *p == '-';
    if (p != end && (*p == '-' || *p == '+')) ++p;
    const char* const first = p;
    int written = 0;
    for (; p != end && digit() < 10 && p - first < 4; ++p)
      written = written * 10 + static_cast<int>(digit());
    if (p == first) return nullptr;
    exponent += down ? -written : written;
  }
  // Both factors are exact doubles, so that the one operation below rounds as it should.
  if (mantissa > (std::uint64_t{1} << 53) || exponent < -22 || exponent > 22) return nullptr;
  const auto magnitude = static_cast<double>(mantissa);
  const double result =
      exponent < 0 ? magnitude / kPowers[-exponent] : magnitude * kPowers[exponent];
  value = negative ? -result : result;
  return p;
}

/// The same for every finite decimal number without a plus sign.
const char* parse_long_number(const char* begin, const char* end, double& value);
inline const char* parse_decimal(const char* begin, const char* end, double& value) {
  const char* const after = parse_plain_number(begin, end, value);
  return after ? after : parse_long_number(begin, end, value);
}

/// A sample value as Prometheus reads it: a decimal number, or inf, infinity, nan in any case; the
/// infinities may have a sign. nullopt for all else, and for numbers too large for a double.
std::optional<double> parse_value(std::string_view text);

}  // namespace tocsin::metrics
