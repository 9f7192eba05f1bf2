#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/http/codec.h"
#include "harness/http/url.h"
#include "harness/net/connect.h"
#include "harness/net/failure.h"

namespace tocsin::http {

struct ClientOptions {
  net::TlsContextPtr tls =
      nullptr;  ///< for https; none: verification with the system's authorities
  Limits limits = {};
  net::Dial dial = nullptr;  ///< instead of connecting to the origin
};

/// One connection to the origin of a URL, kept alive between requests, opened when needed. When a
/// kept connection turns out to be dead before a byte of the answer has come, the request is sent
/// once more on a new one. One request at a time.
class Client {
 public:
  Client(net::Loop& loop, Url origin, ClientOptions options = {});
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// Fills in Host unless given. The deadline covers name resolution, connecting, the handshake
  /// and the whole answer. A status like 503 is an answer, not a failure; redirects are answers
  /// too.
  net::Task<net::Outcome<Response>> send(Request request, Nanos deadline);

  /// How many times a connection has been opened, or tried to.
  std::size_t connections() const;
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct FetchOptions {
  std::string method = "GET";
  Headers headers = {};
  std::string body = {};
  Nanos timeout = std::chrono::seconds(10);  ///< for everything together
  Limits limits = {};
  net::TlsContextPtr tls = nullptr;
};

/// One request on a connection of its own, closed afterwards: scrapes, probes, deliveries.
net::Task<net::Outcome<Response>> fetch(net::Loop& loop, Url url, FetchOptions options);

}  // namespace tocsin::http
