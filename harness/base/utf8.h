#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

/// Byte offset of the first byte that is not valid UTF-8 (RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF); nullopt when the text is valid.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

/// The characters of a text; an invalid byte counts as a character of its own.
std::vector<std::string_view> utf8_characters(std::string_view text);

/// Number of characters, counted likewise.
std::size_t utf8_length(std::string_view text);

/// Untrusted text (names, bodies of answers) for a terminal: control characters, which could move
/// the cursor, and invalid bytes become "\\x1b".
std::string printable(std::string_view text);

/// Appends one code point; a code point that cannot be encoded becomes U+FFFD.
void append_utf8(std::string& out, char32_t code_point);

}  // namespace tocsin
