#include "fakes/receivers/mail/smtp_address.h"

#include <algorithm>

namespace tocsin::receivers {
namespace {

constexpr std::size_t kLongestAddress = 320;

char small_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Where the address ends that begins at the start of `text`: at the first ">" outside of quotes.
std::size_t end_of_address(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '>' || c == '<' || c == ' ')) {
      return c == '>' ? i : std::string_view::npos;
    }
  }
  return std::string_view::npos;
}

bool is_address(std::string_view address) {
  if (address.empty()) return true;
  const std::size_t at = address.rfind('@');
  return address.size() <= kLongestAddress && at != std::string_view::npos && at > 0 &&
         at + 1 < address.size() && std::all_of(address.begin(), address.end(), [](char c) {
           return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
         });
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return small_letter(x) == small_letter(y); });
}

std::optional<SmtpPath> parse_smtp_path(std::string_view argument, std::string_view keyword) {
  if (!same_word(argument.substr(0, keyword.size()), keyword)) return std::nullopt;
  argument.remove_prefix(keyword.size());
  if (argument.starts_with(' ')) argument.remove_prefix(1);
  if (!argument.starts_with('<')) return std::nullopt;
  argument.remove_prefix(1);
  const std::size_t end = end_of_address(argument);
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view address = argument.substr(0, end);
  argument.remove_prefix(end + 1);
  // A source route, <@relay:a@b>, is to be ignored (RFC 5321, section 4.1.1.3).
  if (address.starts_with('@')) {
    const std::size_t colon = address.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    address.remove_prefix(colon + 1);
  }
  if (!is_address(address)) return std::nullopt;
  SmtpPath path;
  path.address = std::string(address);
  while (!argument.empty()) {
    if (argument.front() != ' ') return std::nullopt;
    argument.remove_prefix(1);
    const std::string_view one = argument.substr(0, argument.find(' '));
    if (!one.empty()) path.parameters.push_back(one);
    argument.remove_prefix(one.size());
  }
  return path;
}

}  // namespace tocsin::receivers
