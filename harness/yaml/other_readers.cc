#include "harness/yaml/other_readers.h"

#include <algorithm>
#include <cstdint>

namespace tocsin::yaml {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

bool is_gap(char c) {
  return kBlank.find(c) != std::string_view::npos;
}

/// Behind the closing quote.
std::size_t end_of_quotes(std::string_view text, std::size_t at) {
  const char quote = text[at++];
  while (at < text.size()) {
    if (quote == '"' && text[at] == '\\') {
      at += 2;
    } else if (text[at] != quote) {
      ++at;
    } else if (quote == '\'' && text.substr(at + 1, 1) == "'") {
      at += 2;
    } else {
      return at + 1;
    }
  }
  return text.size();
}

/// Behind the closing bracket. A quote or a "#" within a plain scalar is part of it.
std::size_t end_of_brackets(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (char before = ' '; at < text.size(); before = text[at - 1]) {
    const char c = text[at];
    const bool begins = is_gap(before) || std::string_view("[{,:").find(before) < 4;
    if ((c == '"' || c == '\'') && begins) {
      at = end_of_quotes(text, at);
      continue;
    }
    if (c == '#' && is_gap(before)) {
      at = std::min(text.find('\n', at), text.size());
      if (at == text.size()) break;
      continue;
    }
    if (c == '[' || c == '{') ++depth;
    ++at;
    if ((c == ']' || c == '}') && --depth == 0) return at;
  }
  return text.size();
}

/// Behind what begins at `at`, with anchor and tag.
std::size_t end_of(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == '&' || text[at] == '!')) {
    at = std::min(text.find_first_of(kBlank, at), text.size());
    at = std::min(text.find_first_not_of(kBlank, at), text.size());
  }
  if (at == text.size()) return at;
  if (text[at] == '"' || text[at] == '\'') return end_of_quotes(text, at);
  if (text[at] == '[' || text[at] == '{') return end_of_brackets(text, at);
  return at;
}

std::string_view without_indent(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(" \t\r"), line.size()));
}

/// Of base64's alphabet; 64 for others.
std::uint32_t digit_of(char c) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return static_cast<std::uint32_t>(std::min(kDigits.find(c), kDigits.size()));
}

}  // namespace

bool may_have_tab_line(std::string_view text) {
  return text.starts_with('\t') || text.find("\n\t") != std::string_view::npos;
}

std::optional<std::size_t> find_tab_line(std::string_view text,
                                         const std::vector<std::size_t>& openings) {
  std::vector<std::size_t> sorted = openings;
  std::sort(sorted.begin(), sorted.end());
  std::size_t next = 0;
  std::size_t covered = 0;
  bool begun = false;  // something of the first document stands above
  for (std::size_t line = 0; line < text.size();) {
    const std::size_t end = std::min(text.find('\n', line), text.size());
    const std::string_view bare = without_indent(text.substr(line, end - line));
    const bool says_nothing = bare.empty() || bare.front() == '#';
    while (next < sorted.size() && sorted[next] < line) {
      if (sorted[next] >= covered) covered = end_of(text, sorted[next]);
      ++next;
    }
    if (text[line] == '\t' && says_nothing && line >= covered) return line;
    if (begun && text.substr(line).starts_with("---")) return std::nullopt;
    begun = begun || !says_nothing;
    line = end + 1;
  }
  return std::nullopt;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (!is_gap(c)) digits += c;
  }
  if (digits.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && digits.ends_with('=')) {
    digits.pop_back();
    ++padding;
  }
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : digits) {
    const std::uint32_t digit = digit_of(c);
    if (digit == 64) return std::nullopt;
    bits = (bits << 6 | digit) & 0xFFFFFF;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xFF);
  }
  return bytes;
}

}  // namespace tocsin::yaml
