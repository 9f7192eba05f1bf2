#pragma once

#include <string_view>

/// Private to http: what header fields need of ASCII, without locales.

namespace tocsin::http {

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A character of a header or method name (RFC 9110, section 5.6.2).
bool is_token_character(char c);

/// A character of a header value (RFC 9110, section 5.5).
constexpr bool is_value_character(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Without spaces and tabs at both ends.
std::string_view trim(std::string_view text);

/// Names separated by commas, each of token characters; some may be missing.
bool is_token_list(std::string_view list);

/// Whether the comma-separated `list` names `token`, ignoring case and parameters after ';'.
bool names_token(std::string_view list, std::string_view token);

}  // namespace tocsin::http
