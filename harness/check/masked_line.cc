#include "harness/check/masked_line.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace tocsin::check {
namespace {

bool is_key_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

/// Where a value that begins at `from` ends: at a comma or bracket of a flow mapping, at a comment,
/// or with the line.
std::size_t end_of_value(std::string_view line, std::size_t from) {
  if (from < line.size() && (line[from] == '\'' || line[from] == '"')) {
    const std::size_t close = line.find(line[from], from + 1);
    return close == std::string_view::npos ? line.size() : close + 1;
  }
  for (std::size_t at = from; at < line.size(); ++at) {
    const bool comment = line[at] == '#' && at > from && line[at - 1] == ' ';
    const bool next = line[at] == ',' && at + 1 < line.size() && line[at + 1] == ' ';
    if (comment || next || line[at] == '}') return at;
  }
  return line.size();
}

}  // namespace

bool is_secret_key(std::string_view key) {
  if (key.ends_with("_file")) return false;
  constexpr std::array kParts = {"password", "token", "secret", "credentials"};
  constexpr std::array kEnds = {"routing_key", "service_key", "api_key", "user_key",
                                "access_key",  "webhook_url", "api_url"};
  return key == "url" ||
         std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return key.find(part) != key.npos; }) ||
         std::any_of(kEnds.begin(), kEnds.end(),
                     [&](std::string_view end) { return key.ends_with(end); });
}

std::string masked_line(std::string_view line) {
  std::string shown;
  while (!line.empty()) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) break;
    std::size_t begin = colon;
    while (begin > 0 && is_key_character(line[begin - 1])) --begin;
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    const bool secret = is_secret_key(line.substr(begin, colon - begin));
    if (!secret || value == std::string_view::npos || line[value] == '{' || line[value] == '[') {
      shown += line.substr(0, colon + 2);
      line.remove_prefix(colon + 2);
      continue;
    }
    shown += std::string(line.substr(0, value)) + "<secret>";
    line.remove_prefix(end_of_value(line, value));
  }
  return shown + std::string(line);
}

}  // namespace tocsin::check
