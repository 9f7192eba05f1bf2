#include <algorithm>

#include <fmt/format.h>

#include "harness/alerting/schema.h"

/// Web addresses as Go reads them.

namespace tocsin::alerting {
namespace {

std::string invalid_url(std::string_view why) {
  return fmt::format("not a valid URL: {}", why);
}

/// The scheme in lower case; nothing where there is none.
std::string scheme_of(std::string_view url) {
  const std::size_t colon = url.find_first_of(":/?#");
  if (colon == std::string_view::npos || url[colon] != ':') return "";
  std::string scheme;
  for (const char c : url.substr(0, colon)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = std::isalpha(byte) != 0;
    const bool later = std::isdigit(byte) != 0 || c == '+' || c == '-' || c == '.';
    if (!letter && !(later && !scheme.empty())) return "";
    scheme += static_cast<char>(std::tolower(byte));
  }
  return scheme;
}

struct UrlParts {
  std::string scheme;
  bool has_authority = false;
  std::string_view user;
  std::string_view host;
  std::string_view path;
};

UrlParts url_parts(std::string_view url) {
  UrlParts parts;
  parts.scheme = scheme_of(url);
  std::string_view rest = url.substr(parts.scheme.empty() ? 0 : parts.scheme.size() + 1);
  rest = rest.substr(0, rest.find_first_of("?#"));
  parts.has_authority = rest.starts_with("//");
  if (parts.has_authority) {
    rest.remove_prefix(2);
    parts.host = rest.substr(0, rest.find('/'));
    rest.remove_prefix(parts.host.size());
    if (const std::size_t at = parts.host.rfind('@'); at != std::string_view::npos) {
      parts.user = parts.host.substr(0, at);
      parts.host.remove_prefix(at + 1);
    }
  }
  parts.path = rest;
  return parts;
}

bool is_bad_host_character(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '<' || c == '>' || c == '\\' ||
         c == '^' || c == '`' || c == '{' || c == '}' || c == '|' || c == '\x7f';
}

bool is_user_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-._:~!$&'()*+,;=%@").find(c) != std::string_view::npos;
}

std::optional<std::string> escape_problem(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    const auto is_hex = [&](std::size_t at) {
      return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
    };
    if (is_hex(i + 1) && is_hex(i + 2)) continue;
    return invalid_url(fmt::format("invalid URL escape \"{}\"", text.substr(i, 3)));
  }
  return std::nullopt;
}

std::optional<std::string> host_problem(std::string_view host) {
  const auto bad = std::find_if(host.begin(), host.end(), is_bad_host_character);
  if (bad != host.end()) {
    return invalid_url(fmt::format("invalid character \"{}\" in host name", *bad));
  }
  if (const auto problem = escape_problem(host)) return problem;
  const std::size_t bracket = host.find(']');
  if (host.starts_with('[') && bracket == std::string_view::npos) {
    return invalid_url("missing ']' in host");
  }
  const std::size_t port = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (port != std::string_view::npos &&
      host.find_first_not_of("0123456789", port + 1) != std::string_view::npos) {
    return invalid_url(fmt::format("invalid port \"{}\" after host", host.substr(port)));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> go_url_problem(std::string_view url) {
  for (const char c : url) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      return invalid_url("invalid control character in URL");
    }
  }
  if (url.starts_with(':')) return invalid_url("missing protocol scheme");
  const UrlParts parts = url_parts(url);
  if (!std::all_of(parts.user.begin(), parts.user.end(), is_user_character)) {
    return invalid_url("net/url: invalid userinfo");
  }
  if (parts.has_authority) {
    if (auto problem = host_problem(parts.host)) return problem;
  }
  const bool relative = parts.scheme.empty() && !parts.has_authority;
  if (relative && !url.starts_with('/') &&
      parts.path.substr(0, parts.path.find('/')).find(':') != std::string_view::npos) {
    return invalid_url("first path segment in URL cannot contain colon");
  }
  return escape_problem(parts.path);
}

std::optional<std::string> url_problem(std::string_view url) {
  if (auto problem = go_url_problem(url)) return problem;
  const UrlParts parts = url_parts(url);
  if (parts.scheme != "http" && parts.scheme != "https") {
    return fmt::format("unsupported scheme \"{}\" for URL", parts.scheme);
  }
  if (parts.host.empty()) return "missing host for URL";
  return std::nullopt;
}

}  // namespace tocsin::alerting
