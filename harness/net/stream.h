#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/net/failure.h"
#include "harness/net/loop.h"

namespace tocsin::net {

/// A numeric endpoint.
struct Address {
  std::string ip;
  std::uint16_t port = 0;

  bool operator==(const Address&) const = default;
};

/// "127.0.0.1:80", "[::1]:80".
std::string to_string(const Address& address);

/// A byte stream between two ends: TCP, TLS over TCP, or a test's fake. One operation at a time,
/// each with its own deadline in Loop::now() time. After a failed operation only close(), reset()
/// and destruction make sense. Destruction closes.
class Stream {
 public:
  Stream() = default;
  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Does now what the first read or write would do: the TLS handshake. Nothing for other streams.
  virtual Task<Outcome<>> handshake(Nanos deadline);

  /// Reads what is there, at least one byte; the peer's end of stream is kClosed. The span must not
  /// be empty.
  virtual Task<Outcome<std::size_t>> read_some(std::span<char> into, Nanos deadline) = 0;
  virtual Task<Outcome<>> write_all(std::string_view bytes, Nanos deadline) = 0;

  /// Says that nothing more will be written (FIN, for TLS close_notify before it). Reading goes on.
  virtual Task<Outcome<>> shutdown(Nanos deadline) = 0;
  /// Closes at once, in good order. Idempotent; a pending operation ends with kClosed.
  virtual void close() noexcept = 0;
  /// Closes at once with RST.
  virtual void reset() noexcept = 0;

  virtual bool is_open() const = 0;
  /// An idle stream that cannot be used again: the peer has closed it, or sent bytes unasked.
  virtual bool is_stale() const = 0;
  /// Whether the peer has closed its side, as far as can be seen without reading what it sent.
  virtual bool peer_gone() const = 0;
  virtual Address peer() const = 0;
};

using StreamPtr = std::unique_ptr<Stream>;

}  // namespace tocsin::net
