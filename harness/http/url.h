#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace tocsin::http {

/// An http or https URL. User information is refused, so that no secret reaches a report; the
/// fragment is dropped.
struct Url {
  bool tls = false;
  std::string host;  ///< lower case; an IPv6 address without its brackets
  std::uint16_t port = 80;
  std::string target = "/";  ///< path and query, percent-encoding as given

  /// For the Host header: the port only when it is not the scheme's own.
  std::string host_header() const;
  /// "http://host:port".
  std::string origin() const;
  bool operator==(const Url&) const = default;
};

/// The error has no position; its message never repeats user information.
Result<Url> parse_url(std::string_view text);

/// The URL in full.
std::string to_string(const Url& url);

}  // namespace tocsin::http
