#pragma once

#include <optional>
#include <string>
#include <string_view>

/// How mail carries bytes.

namespace tocsin::receivers {

std::string base64_encode(std::string_view bytes);
/// One word of base64, with its padding and nothing else.
std::optional<std::string> base64_decode_strictly(std::string_view text);
/// A body in base64: what is no digit of it is skipped (RFC 2045, section 6.8).
std::string base64_decode(std::string_view text);
/// A body in quoted-printable; what is no encoding stays as it is.
std::string quoted_printable_decode(std::string_view text);

/// From a charset's name to UTF-8: what cannot be read becomes U+FFFD. Known are UTF-8, US-ASCII,
/// ISO-8859-1 and -15, Windows-1252; other texts are taken for UTF-8.
std::string to_utf8(std::string_view bytes, std::string_view charset);

/// A header's value with its encoded words read (RFC 2047).
std::string decode_words(std::string_view text);

}  // namespace tocsin::receivers
