#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "harness/net/stream.h"
#include "harness/net/tls.h"

namespace tocsin::net {

struct ListenOptions {
  std::string host = "127.0.0.1";  ///< a numeric address
  std::uint16_t port = 0;          ///< 0: the kernel chooses a free one
  int backlog = 1024;
  TlsContextPtr tls = nullptr;  ///< a server context: every accepted stream is TLS
};

class Listener {
 public:
  /// Bound and listening on return. Errors name the address and the system's reason.
  static Result<Listener> open(Loop& loop, const ListenOptions& options);
  ~Listener();
  Listener(Listener&&) noexcept;
  Listener& operator=(Listener&&) noexcept;

  /// The next connection, with TCP_NODELAY. Connections that died in the queue are skipped, and
  /// when the process is out of descriptors it waits a little and tries again. kClosed after
  /// close(), kCancelled when cancelled.
  Task<Outcome<StreamPtr>> accept();

  /// The address in use, with the port the kernel chose.
  const Address& address() const;
  std::uint16_t port() const { return address().port; }

  void close() noexcept;

 private:
  struct Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::net
