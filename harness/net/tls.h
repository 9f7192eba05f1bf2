#pragma once

#include <memory>
#include <string>

#include "harness/net/stream.h"

namespace tocsin::net {

struct TlsClientOptions {
  bool verify = true;       ///< the peer's chain and name
  std::string server_name;  ///< SNI and the name to verify; empty: the host connected to
  std::string ca_file;      ///< PEM; empty: the system's authorities
};

struct TlsServerOptions {
  std::string certificate_file;  ///< PEM, leaf first
  std::string key_file;          ///< PEM
};

/// Loaded once, shared by all connections of a kind; immutable.
class TlsContext {
 public:
  static Result<std::shared_ptr<const TlsContext>> client(TlsClientOptions options);
  static Result<std::shared_ptr<const TlsContext>> server(const TlsServerOptions& options);
  ~TlsContext();

  /// TLS over `lower`. The handshake happens in the first read or write, under its deadline.
  /// `host` is used when the options name no server; servers ignore it.
  StreamPtr wrap(StreamPtr lower, const std::string& host) const;

 private:
  TlsContext();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

using TlsContextPtr = std::shared_ptr<const TlsContext>;

}  // namespace tocsin::net
