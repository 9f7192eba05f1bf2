#include "fakes/receivers/masks.h"

#include <algorithm>
#include <array>

namespace tocsin::receivers {
namespace {

constexpr std::size_t kHeadersKept = 64;
constexpr std::size_t kHeaderKept = 1024;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Names of members, headers and parameters that hold keys.
bool names_a_secret(std::string_view name) {
  constexpr std::array kParts = {
      "token",   "secret",      "password", "passwd",  "routing_key", "cookie",    "auth",
      "api_key", "service_key", "apikey",   "api-key", "routing-key", "signature", "credential"};
  const std::string small = lower(name);
  return small == "key" || small == "sig" || small == "user" ||
         std::any_of(kParts.begin(), kParts.end(),
                     [&](const char* part) { return small.find(part) != std::string::npos; });
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_alias(std::string_view segment) {
  return segment.size() == 64 && segment.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Words of an API (services, chat.postMessage, v2), not keys.
bool is_word(std::string_view segment) {
  if (segment == "v1" || segment == "v2" || segment == "v3" || segment == "v4") return true;
  return segment.size() <= 20 && std::all_of(segment.begin(), segment.end(), [](char c) {
           return is_letter(c) || c == '-' || c == '.' || c == '_';
         });
}

/// What follows these is a key, whatever it looks like.
bool announces_keys(std::string_view segment) {
  return segment == "services" || segment == "hooks" || segment == "webhooks" ||
         segment == "workflows" || segment == "webhookb2" || segment == "generic";
}

/// Whether a segment is no key, by what `kind` puts there.
bool is_known(std::string_view kind, std::string_view segment, bool is_last) {
  if (kind == "opsgenie") return is_alias(segment);
  if (kind == "victorops") return is_last;
  return kind == "jira";
}

bool is_key_of(std::string_view kind, std::string_view segment) {
  return kind == "victorops" || (kind == "telegram" && segment.starts_with("bot"));
}

std::string masked_path(std::string_view path, std::string_view kind) {
  std::string out;
  bool keys_follow = false;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(path.front() == '/' ? 1 : 0, slash - 1);
    path.remove_prefix(slash);
    const bool word = is_word(segment) && !keys_follow && !is_key_of(kind, segment);
    const bool kept = segment.empty() || is_known(kind, segment, path.empty()) || word;
    out += '/';
    out += kept ? segment : kSecret;
    keys_follow = keys_follow || announces_keys(segment);
  }
  return out;
}

std::string masked_query(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
    const std::string_view name = one.substr(0, one.find('='));
    out += out.empty() ? '?' : '&';
    if (one.size() == name.size() || name == "identifierType" || name == "api-version") {
      out += one;
    } else {
      out.append(name).append("=").append(kSecret);
    }
  }
  return out;
}

/// Past the string that begins at `at` with a quote: its closing quote's place, or the end.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i;
    }
  }
  return text.size();
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

}  // namespace

std::string masked_target(std::string_view target, std::size_t own, std::string_view kind) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  own = std::min(own, mark);
  std::string out(target.substr(0, own));
  out += masked_path(target.substr(own, mark - own), kind);
  if (mark < target.size()) out += masked_query(target.substr(mark + 1));
  return out;
}

std::vector<std::pair<std::string, std::string>> masked_headers(const http::Headers& headers) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const http::Header& header : headers) {
    if (out.size() == kHeadersKept) break;
    std::string value = header.value.substr(0, kHeaderKept);
    if (names_a_secret(header.name)) {
      const std::size_t blank = value.find(' ');
      const bool scheme = lower(header.name).ends_with("authorization") &&
                          blank != std::string::npos && is_word(value.substr(0, blank));
      value = scheme ? value.substr(0, blank + 1) + std::string(kSecret) : std::string(kSecret);
    }
    out.emplace_back(header.name.substr(0, kHeaderKept), std::move(value));
  }
  return out;
}

std::string masked_json(std::string_view text) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = text.find('"'); at < text.size(); at = text.find('"', at)) {
    const std::size_t end = end_of_string(text, at);
    const std::string_view name = text.substr(at + 1, end - std::min(at + 1, end));
    at = std::min(end + 1, text.size());
    const std::size_t colon = skip_blanks(text, at);
    if (colon >= text.size() || text[colon] != ':' || !names_a_secret(name)) continue;
    const std::size_t value = skip_blanks(text, colon + 1);
    if (value >= text.size() || text[value] != '"') continue;
    out.append(text.substr(done, value + 1 - done)).append(kSecret);
    done = end_of_string(text, value);
    at = std::min(done + 1, text.size());
  }
  return out.append(text.substr(std::min(done, text.size())));
}

std::string masked_form(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(one.size() + 1, text.size()));
    const std::string_view name = one.substr(0, one.find('='));
    const bool secret = name.size() < one.size() && names_a_secret(name);
    if (!out.empty()) out += '&';
    out += secret ? std::string(name).append("=").append(kSecret) : std::string(one);
  }
  return out;
}

}  // namespace tocsin::receivers
