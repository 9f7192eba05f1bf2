#include "harness/rules/go_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "harness/base/utf8.h"

namespace tocsin::rules {
namespace {

/// %g and %v without a precision: scientific from this exponent on.
constexpr int kScientificFrom = 6;

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// The shortest digits that read back the same.
std::string shortest(double value, std::chars_format format) {
  char buffer[400];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr};
}

const char* escape_letter(char c) {
  switch (c) {
    case '\a':
      return "\\a";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\v':
      return "\\v";
    default:
      return nullptr;
  }
}

/// `count` digits of `base` off the front; -1 when they are not there.
std::int64_t take_digits(std::string_view& rest, int count, int base) {
  std::int64_t value = 0;
  for (int i = 0; i < count; ++i) {
    const int digit = rest.empty() ? -1 : hex_value(rest.front());
    if (digit < 0 || digit >= base) return -1;
    value = value * base + digit;
    rest.remove_prefix(1);
  }
  return value;
}

/// What follows a backslash, off the front of `rest`.
bool take_escape(std::string_view& rest, char quote, std::string& value) {
  if (rest.empty()) return false;
  const char c = rest.front();
  rest.remove_prefix(1);
  constexpr std::string_view kLetters = "abfnrtv\\";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\";
  if (const std::size_t i = kLetters.find(c); i != std::string_view::npos) {
    value += kMeanings[i];
    return true;
  }
  if (c == quote) {
    value += c;
    return true;
  }
  if (c == 'x' || (c >= '0' && c <= '7')) {
    if (c != 'x') rest = {rest.data() - 1, rest.size() + 1};
    const std::int64_t byte = c == 'x' ? take_digits(rest, 2, 16) : take_digits(rest, 3, 8);
    if (byte < 0 || byte > 255) return false;
    value += static_cast<char>(byte);
    return true;
  }
  if (c != 'u' && c != 'U') return false;
  const std::int64_t code = take_digits(rest, c == 'u' ? 4 : 8, 16);
  if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
  append_utf8(value, static_cast<char32_t>(code));
  return true;
}

std::int64_t first_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (text.size() == 1) return lead;
  std::int64_t code = lead & (0xFF >> (text.size() + 1));
  for (const char c : text.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3F);
  return code;
}

/// strconv.ParseInt with base 0, within 64 bits.
std::optional<std::int64_t> parse_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text.front() == '0') {
    const char mark = lower_case(text.substr(1, 1)).front();
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, base);
  if (parsed.ec != std::errc() || parsed.ptr != end || text.starts_with('-')) return std::nullopt;
  return negative ? -value : value;
}

}  // namespace

std::string go_float(double value, char verb, int precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (verb == 'E') return upper(go_float(value, 'e', precision));
  if (verb == 'G') return upper(go_float(value, 'g', precision));
  if (precision >= 0) {
    if (verb == 'e') return fmt::format("{:.{}e}", value, precision);
    if (verb == 'f') return fmt::format("{:.{}f}", value, precision);
    return fmt::format("{:.{}g}", value, std::max(precision, 1));
  }
  const std::string scientific = shortest(value, std::chars_format::scientific);
  if (verb == 'e') return scientific;
  const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
  if (verb == 'g' && (exponent < -4 || exponent >= kScientificFrom)) return scientific;
  return shortest(value, std::chars_format::fixed);
}

std::string go_quote(std::string_view text) {
  std::string quoted = "\"";
  for (const std::string_view character : utf8_characters(text)) {
    const auto byte = static_cast<unsigned char>(character.front());
    if (character == "\"" || character == "\\") {
      quoted += '\\';
      quoted += character;
    } else if (const char* letter = escape_letter(character.front())) {
      quoted += letter;
    } else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && character.size() == 1)) {
      quoted += fmt::format("\\x{:02x}", byte);
    } else {
      quoted += character;
    }
  }
  return quoted + '"';
}

std::optional<std::string> go_unquote(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back()) return std::nullopt;
  const char quote = literal.front();
  std::string_view rest = literal.substr(1, literal.size() - 2);
  std::string value;
  if (quote == '`') {
    // A raw string keeps everything but carriage returns.
    std::copy_if(rest.begin(), rest.end(), std::back_inserter(value),
                 [](char c) { return c != '\r'; });
    return value;
  }
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == quote || c == '\n') return std::nullopt;
    if (c != '\\') {
      value += c;
    } else if (!take_escape(rest, quote, value)) {
      return std::nullopt;
    }
  }
  return value;
}

std::optional<GoNumber> go_number(std::string_view literal) {
  if (!literal.empty() && literal.front() == '\'') {
    const std::optional<std::string> value = go_unquote(literal);
    if (!value || utf8_length(*value) != 1) return std::nullopt;
    const std::int64_t code = first_code_point(*value);
    return GoNumber{true, code, static_cast<double>(code)};
  }
  std::string digits(literal);
  std::erase(digits, '_');
  if (const std::optional<std::int64_t> integer = parse_integer(digits)) {
    return GoNumber{true, *integer, static_cast<double>(*integer)};
  }
  const std::optional<double> number = go_parse_float(digits);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  return GoNumber{false, 0, *number};
}

std::optional<double> go_parse_float(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty() || rest.starts_with('-') || rest.starts_with('+')) return std::nullopt;
  double value = 0;
  const std::string lower = lower_case(rest);
  if (lower == "inf" || lower == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (lower == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    const bool hex = lower.starts_with("0x");
    if (hex && lower.find('p') == std::string::npos) return std::nullopt;
    if (!is_digit(lower.front()) && lower.front() != '.') return std::nullopt;
    const char* const begin = lower.data() + (hex ? 2 : 0);
    const char* const end = lower.data() + lower.size();
    const auto parsed = std::from_chars(begin, end, value,
                                        hex ? std::chars_format::hex : std::chars_format::general);
    if (parsed.ptr != end || parsed.ec != std::errc()) return std::nullopt;
  }
  return negative ? -value : value;
}

std::string go_query_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool plain = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      escaped += c;
    } else if (c == ' ') {
      escaped += '+';
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

}  // namespace tocsin::rules
