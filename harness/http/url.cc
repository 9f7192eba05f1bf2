#include "harness/http/url.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/http/ascii.h"
#include "harness/http/message.h"

namespace tocsin::http {
namespace {

constexpr std::uint16_t default_port(bool tls) {
  return tls ? 443 : 80;
}

Error bad_url(std::string why) {
  Error error = input_error({}, std::move(why));
  error.hints.emplace_back("URLs are written like http://localhost:8080/path");
  return error;
}

/// Takes "scheme://" off the front.
Result<bool> take_scheme(std::string_view& rest) {
  const std::size_t end = rest.find("://");
  const std::string_view scheme = rest.substr(0, std::min(end, rest.size()));
  const bool http = equal_ignoring_case(scheme, "http");
  const bool https = equal_ignoring_case(scheme, "https");
  if (end == std::string_view::npos || (!http && !https)) {
    return bad_url("the URL does not begin with http:// or https://");
  }
  rest.remove_prefix(end + 3);
  return https;
}

bool is_host_character(char c) {
  const char lower = ascii_lower(c);
  return (lower >= 'a' && lower <= 'z') || is_digit(c) || c == '-' || c == '.' || c == '_';
}

bool is_ip6_character(char c) {
  const char lower = ascii_lower(c);
  return (lower >= 'a' && lower <= 'f') || is_digit(c) || c == ':' || c == '.';
}

/// Takes the host off the front of "host:port" or "[address]:port".
Result<std::string> take_host(std::string_view& authority) {
  const bool bracketed = authority.starts_with('[');
  if (bracketed) authority.remove_prefix(1);
  const std::size_t end = std::min(authority.find(bracketed ? ']' : ':'), authority.size());
  if (bracketed && end == authority.size()) return bad_url("the URL's [ has no ]");
  std::string host(authority.substr(0, end));
  authority.remove_prefix(bracketed ? end + 1 : end);
  if (host.empty()) return bad_url("the URL names no host");
  if (!std::all_of(host.begin(), host.end(), bracketed ? is_ip6_character : is_host_character)) {
    return bad_url("the URL's host \"" + host + "\" has a character that no host has");
  }
  std::transform(host.begin(), host.end(), host.begin(), ascii_lower);
  return host;
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return bad_url("the URL's port \"" + std::string(text) + "\" is not between 1 and 65535");
  }
  return port;
}

}  // namespace

std::string Url::host_header() const {
  std::string text = host.find(':') != std::string::npos ? '[' + host + ']' : host;
  if (port != default_port(tls)) text += ':' + std::to_string(port);
  return text;
}

std::string Url::origin() const {
  return (tls ? "https://" : "http://") + host_header();
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  std::string_view rest = text;
  TRY(url.tls, take_scheme(rest));
  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, authority_end);
  rest.remove_prefix(authority_end);
  if (authority.find('@') != std::string_view::npos) {
    Error error = bad_url("the URL carries a user name or password");
    error.hints.assign(1, "send credentials in an Authorization header instead");
    return error;
  }
  TRY(url.host, take_host(authority));
  url.port = default_port(url.tls);
  if (!authority.empty() && authority.front() != ':') {
    return bad_url("the URL has \"" + std::string(authority) + "\" after its host");
  }
  if (authority.size() > 1) {
    TRY(url.port, parse_port(authority.substr(1)));
  }
  url.target = rest.starts_with('/') ? "" : "/";
  url.target += rest.substr(0, rest.find('#'));
  if (!valid_target(url.target)) return bad_url("the URL has a space or control character");
  return url;
}

std::string to_string(const Url& url) {
  return url.origin() + url.target;
}

}  // namespace tocsin::http
