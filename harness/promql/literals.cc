#include "harness/promql/literals.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/promql/numbers.h"

namespace tocsin::promql {
namespace {

Error bad_number(std::string_view text, std::string_view why) {
  return input_error({}, fmt::format("error parsing number {}: {}", quote_shortened(text), why));
}

/// Underscores stand between digits or behind the prefix 0x; nullopt when one does not.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
      continue;
    }
    const auto is_alnum = [](char c) { return c != '.' && c != '+' && c != '-' && c != '_'; };
    if (i == 0 || i + 1 == text.size() || !is_alnum(text[i - 1]) || !is_alnum(text[i + 1])) {
      return std::nullopt;
    }
  }
  return plain;
}

/// Go's integer literals: hexadecimal with 0x, octal with a leading 0.
std::optional<double> parse_integer(std::string_view digits) {
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    base = (digits[1] == 'x' || digits[1] == 'X') ? 16 : 8;
    digits.remove_prefix(base == 16 ? 2 : 1);
  }
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return static_cast<double>(value);
}

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array kUnits = {
    Unit{"y", 365LL * 24 * 3600 * 1000},
    Unit{"w", 7LL * 24 * 3600 * 1000},
    Unit{"d", 24LL * 3600 * 1000},
    Unit{"h", 3600LL * 1000},
    Unit{"m", 60LL * 1000},
    Unit{"s", 1000},
    Unit{"ms", 1},
};
/// What 64 bits of nanoseconds hold.
constexpr std::int64_t kLongestMs = std::numeric_limits<std::int64_t>::max() / 1'000'000;

/// Code points that Go's strconv.IsPrint refuses, as far as they are assigned: controls, formats,
/// separators and private use.
bool is_unprintable(char32_t c) {
  struct Interval {
    char32_t first;
    char32_t last;
  };
  static constexpr std::array kIntervals = {
      Interval{0x7F, 0xA0},        Interval{0xAD, 0xAD},       Interval{0x600, 0x605},
      Interval{0x61C, 0x61C},      Interval{0x6DD, 0x6DD},     Interval{0x70F, 0x70F},
      Interval{0x890, 0x891},      Interval{0x8E2, 0x8E2},     Interval{0x1680, 0x1680},
      Interval{0x180E, 0x180E},    Interval{0x2000, 0x200F},   Interval{0x2028, 0x202F},
      Interval{0x205F, 0x206F},    Interval{0x3000, 0x3000},   Interval{0xD800, 0xF8FF},
      Interval{0xFEFF, 0xFEFF},    Interval{0xFFF0, 0xFFFB},   Interval{0xFFFE, 0xFFFF},
      Interval{0x110BD, 0x110BD},  Interval{0x110CD, 0x110CD}, Interval{0x13430, 0x1343F},
      Interval{0x1BCA0, 0x1BCA3},  Interval{0x1D173, 0x1D17A}, Interval{0xE0000, 0xE00FF},
      Interval{0xE01F0, 0x10FFFF},
  };
  return std::any_of(kIntervals.begin(), kIntervals.end(),
                     [&](const Interval& i) { return c >= i.first && c <= i.last; });
}

void append_quoted_ascii(std::string& out, char c) {
  constexpr std::string_view kEscaped = "\a\b\f\n\r\t\v\\\"";
  constexpr std::string_view kLetters = "abfnrtv\\\"";
  const std::size_t escape = kEscaped.find(c);
  if (escape != std::string_view::npos) {
    out += '\\';
    out += kLetters[escape];
  } else if (c < 0x20 || c == 0x7F) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  } else {
    out += c;
  }
}

/// Digits d1d2d3… and exponent e of the shortest decimal form 0.d1d2d3… × 10^e.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

Decimal shortest(double magnitude) {
  std::array<char, 32> buffer{};
  const char* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude,
                                        std::chars_format::scientific)
                              .ptr;
  const char* const e = std::find(buffer.data(), const_cast<char*>(end), 'e');
  Decimal decimal;
  std::copy_if(static_cast<const char*>(buffer.data()), e, std::back_inserter(decimal.digits),
               is_digit);
  const char* exponent = e + 1;
  if (*exponent == '+') ++exponent;
  std::from_chars(exponent, end, decimal.exponent);
  ++decimal.exponent;
  return decimal;
}

std::optional<std::string> special(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return std::nullopt;
}

}  // namespace

Result<double> parse_number(std::string_view text) {
  const std::optional<std::string> plain = without_underscores(text);
  if (!plain) return bad_number(text, "invalid syntax");
  if (const auto integer = parse_integer(*plain)) return *integer;
  const bool hexadecimal = plain->size() > 1 && ((*plain)[1] == 'x' || (*plain)[1] == 'X');
  if (hexadecimal) {
    return bad_number(text, plain->size() == 2 ? "invalid syntax" : "value out of range");
  }
  double value = 0;
  const char* const end = plain->data() + plain->size();
  const auto parsed = std::from_chars(plain->data(), end, value);
  if (parsed.ec == std::errc::result_out_of_range) {
    // Too large, or too small to tell from zero, which is no error.
    value = std::strtod(plain->c_str(), nullptr);
    if (std::isinf(value)) return bad_number(text, "value out of range");
    return value;
  }
  if (parsed.ec != std::errc() || parsed.ptr != end) return bad_number(text, "invalid syntax");
  return value;
}

Result<Duration> parse_duration_literal(std::string_view text) {
  const auto invalid = [&] {
    return input_error({}, "not a valid duration string: " + quote_shortened(text));
  };
  const auto too_long = [] { return input_error({}, "duration out of range"); };
  std::int64_t total_ms = 0;
  std::size_t next_unit = 0;  // the largest that may still come
  std::string_view rest = text;
  if (rest.empty()) return invalid();
  while (!rest.empty()) {
    std::int64_t count = 0;
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (parsed.ec == std::errc::result_out_of_range) return too_long();
    if (!is_digit(rest.front()) || parsed.ec != std::errc()) return invalid();
    rest.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest.data()));
    const auto unit_end = std::find_if(rest.begin(), rest.end(), is_digit);
    const std::string_view name = rest.substr(0, static_cast<std::size_t>(unit_end - rest.begin()));
    rest.remove_prefix(name.size());
    const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                   [&](const Unit& known) { return known.name == name; });
    if (unit == kUnits.end()) {
      return input_error({}, fmt::format("unknown unit {} in duration {}", quote_shortened(name),
                                         quote_shortened(text)));
    }
    const auto place = static_cast<std::size_t>(unit - kUnits.begin());
    if (place < next_unit) return invalid();
    next_unit = place + 1;
    if (count > (kLongestMs - total_ms) / unit->ms) return too_long();
    total_ms += count * unit->ms;
  }
  return Duration(total_ms);
}

std::string unquote(std::string_view literal) {
  const char mark = literal.front();
  std::string_view rest = literal.substr(1, literal.size() - 2);
  if (mark == '`') return std::string(rest);
  std::string out;
  out.reserve(rest.size());
  const auto take_number = [&](std::size_t digits, int base) {
    std::uint32_t value = 0;
    std::from_chars(rest.data(), rest.data() + digits, value, base);
    rest.remove_prefix(digits);
    return value;
  };
  while (!rest.empty()) {
    const std::size_t plain = std::min(rest.find('\\'), rest.size());
    out += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    const char c = rest[1];
    if (c >= '0' && c <= '7') {
      rest.remove_prefix(1);
      out += static_cast<char>(take_number(3, 8));
      continue;
    }
    rest.remove_prefix(2);
    constexpr std::string_view kLetters = "abfnrtv";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v";
    const std::size_t letter = kLetters.find(c);
    if (c == 'x') {
      out += static_cast<char>(take_number(2, 16));
    } else if (c == 'u' || c == 'U') {
      append_utf8(out, take_number(c == 'u' ? 4 : 8, 16));
    } else {
      out += letter == std::string_view::npos ? c : kMeanings[letter];
    }
  }
  return out;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  out.reserve(text.size() + 2);
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) {
      append_quoted_ascii(out, text.front());
      text.remove_prefix(1);
      continue;
    }
    const std::string_view character = utf8_characters(text.substr(0, 4)).front();
    text.remove_prefix(character.size());
    const char32_t number = code_point(character);
    if (character.size() == 1) {
      out += fmt::format("\\x{:02x}", lead);
    } else if (!is_unprintable(number)) {
      out += character;
    } else if (number < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(number));
    } else {
      out += fmt::format("\\U{:08x}", static_cast<std::uint32_t>(number));
    }
  }
  return out + '"';
}

std::string quote_shortened(std::string_view text) {
  constexpr std::size_t kShown = 60;
  return text.size() <= kShown ? quote(text) : quote(text.substr(0, kShown)) + "...";
}

char32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x80 ? byte(0) : U'\uFFFD';
  char32_t value = byte(0) & (0x7Fu >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i) value = value << 6 | (byte(i) & 0x3Fu);
  return value;
}

std::string format_plain(double value) {
  if (auto name = special(value)) return *name;
  const std::string sign = std::signbit(value) ? "-" : "";
  if (value == 0) return sign + "0";
  auto [digits, exponent] = shortest(std::abs(value));
  if (exponent <= 0)
    return sign + "0." + std::string(static_cast<std::size_t>(-exponent), '0') + digits;
  const auto whole = static_cast<std::size_t>(exponent);
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0');
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string format_general(double value) {
  if (auto name = special(value)) return *name;
  if (value == 0) return format_plain(value);
  auto [digits, exponent] = shortest(std::abs(value));
  const int scientific = exponent - 1;
  if (scientific >= -4 && scientific < 21) return format_plain(value);
  std::string text = std::signbit(value) ? "-" : "";
  text += digits.front();
  if (digits.size() > 1) text += "." + digits.substr(1);
  return text + fmt::format("e{}{:02}", scientific < 0 ? '-' : '+', std::abs(scientific));
}

}  // namespace tocsin::promql
