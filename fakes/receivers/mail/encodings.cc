#include "fakes/receivers/mail/encodings.h"

#include <algorithm>
#include <array>

#include "harness/base/utf8.h"

namespace tocsin::receivers {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char32_t kUnreadable = 0xFFFD;
constexpr std::size_t kLongestWord = 1000;  // of 75 that RFC 2047 allows

/// What Windows-1252 has at 0x80 to 0x9F.
constexpr std::array<char16_t, 32> kWindows1252 = {
    0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};

int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool is_blank_character(char c) {
  return c == ' ' || c == '\t';
}

std::string folded_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string valid_utf8(std::string_view bytes) {
  if (!find_invalid_utf8(bytes)) return std::string(bytes);
  std::string out;
  for (const std::string_view character : utf8_characters(bytes)) {
    if (character.size() == 1 && static_cast<unsigned char>(character[0]) >= 0x80) {
      append_utf8(out, kUnreadable);
    } else {
      out += character;
    }
  }
  return out;
}

/// `=?charset?B?text?=` at the start of `text`; `size` is how long it is.
std::optional<std::string> encoded_word(std::string_view text, std::size_t& size) {
  if (!text.starts_with("=?")) return std::nullopt;
  text = text.substr(0, kLongestWord);
  const std::size_t charset_end = text.find('?', 2);
  if (charset_end == std::string_view::npos || charset_end + 2 >= text.size() ||
      text[charset_end + 2] != '?') {
    return std::nullopt;
  }
  const std::size_t end = text.find("?=", charset_end + 3);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view charset = text.substr(2, charset_end - 2);
  std::string body(text.substr(charset_end + 3, end - charset_end - 3));
  if (body.find(' ') != std::string::npos) return std::nullopt;
  size = end + 2;
  const char encoding = text[charset_end + 1];
  if (encoding == 'B' || encoding == 'b') return to_utf8(base64_decode(body), charset);
  if (encoding != 'Q' && encoding != 'q') return std::nullopt;
  std::replace(body.begin(), body.end(), '_', ' ');
  return to_utf8(quoted_printable_decode(body), charset);
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += i + j > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63U];
    }
  }
  return out;
}

std::string base64_decode(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    const int digit = digit_of(c);
    if (digit < 0) continue;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFFFFU;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xFFU);
    }
  }
  return out;
}

std::optional<std::string> base64_decode_strictly(std::string_view text) {
  const std::size_t digits = std::min(text.find('='), text.size());
  const bool padded = text.size() % 4 == 0 && text.size() - digits <= 2 &&
                      text.find_first_not_of('=', digits) == std::string_view::npos;
  const bool all_digits =
      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(digits),
                  [](char c) { return digit_of(c) >= 0; });
  if (!padded || !all_digits) return std::nullopt;
  return base64_decode(text);
}

std::string quoted_printable_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
      continue;
    }
    // A soft line break: blanks after the sign are transport's.
    std::size_t end = i + 1;
    while (end < text.size() && is_blank_character(text[end])) ++end;
    if (end == text.size()) break;
    if (text[end] == '\n' || text.substr(end, 2) == "\r\n") {
      i = text[end] == '\n' ? end : end + 1;
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      out += '=';
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string to_utf8(std::string_view bytes, std::string_view charset) {
  const std::string name = folded_case(charset);
  const bool latin = name == "iso-8859-1" || name == "latin1" || name == "iso-8859-15";
  const bool windows = name == "windows-1252" || name == "cp1252";
  if (!latin && !windows) return valid_utf8(bytes);
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    char32_t code = byte;
    if (windows && byte >= 0x80 && byte < 0xA0) code = kWindows1252[byte - 0x80];
    if (name == "iso-8859-15" && byte == 0xA4) code = 0x20AC;
    append_utf8(out, code);
  }
  return out;
}

std::string decode_words(std::string_view text) {
  std::string out;
  std::string blanks;  // between two encoded words they vanish
  bool after_word = false;
  while (!text.empty()) {
    std::size_t size = 0;
    if (const auto word = encoded_word(text, size)) {
      if (!after_word) out += blanks;
      blanks.clear();
      out += *word;
      text.remove_prefix(size);
      after_word = true;
    } else if (is_blank_character(text.front())) {
      blanks += text.front();
      text.remove_prefix(1);
    } else {
      out += blanks;
      blanks.clear();
      out += text.front();
      text.remove_prefix(1);
      after_word = false;
    }
  }
  return valid_utf8(out + blanks);
}

}  // namespace tocsin::receivers
