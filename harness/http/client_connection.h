#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/http/response_scanner.h"
#include "harness/net/connect.h"
#include "harness/net/failure.h"

namespace tocsin::http {

/// Where a ClientConnection connects to: resolved and loaded once, shared by all of them.
struct Peer {
  std::vector<net::Address> addresses;
  std::string host;                  ///< for TLS: the name to verify
  net::TlsContextPtr tls = nullptr;  ///< null: plain HTTP
  net::Dial dial = nullptr;          ///< instead of connecting to the addresses
};

/// What the load engine wants to know about an answer.
struct Exchange {
  int status = 0;
  std::size_t body_bytes = 0;  ///< without chunk framing
  Nanos sent{0};               ///< when the request was handed to the kernel
  Nanos first_byte{0};         ///< when the first byte of the answer was read
  Nanos done{0};               ///< when the last byte of the answer was read
  bool connected = false;      ///< this exchange opened the connection
};

/// The load engine's path to a server: takes request bytes that are ready to send, and reads the
/// answer with the least work that is still strict. One request at a time; never repeats one.
class ClientConnection {
 public:
  ClientConnection(net::Loop& loop, const Peer& peer);
  ~ClientConnection();
  ClientConnection(ClientConnection&&) noexcept;
  ClientConnection& operator=(ClientConnection&&) noexcept;

  /// Opens the connection if it is not open, or has gone stale while idle; sends `request`; reads
  /// the answer. `kind` says whether the method was HEAD. `body`, if given, receives up to
  /// `body_limit` bytes of the body; the rest is counted only. Both pointees stay alive until the
  /// task ends.
  net::Task<net::Outcome<Exchange>> send(std::string_view request, AnswerTo kind, Nanos deadline,
                                         std::string* body = nullptr,
                                         std::size_t body_limit = 1 << 20);

  bool is_open() const;
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::http
