#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "harness/http/codec.h"
#include "harness/net/listener.h"

namespace tocsin::http {

/// What a handler answers: a response, or one of the ways in which servers fail.
struct Reply {
  enum class Kind {
    kRespond,
    kHang,   ///< never answer; until the client goes away or the server stops
    kClose,  ///< close without an answer
    kReset,  ///< RST without an answer
    kRaw,    ///< write `raw` as it is, then close
  };
  Kind kind = Kind::kRespond;
  Response response = {};
  std::string raw = {};
  std::size_t bytes_per_second = 0;  ///< how fast kRespond and kRaw are written; 0: at once

  Reply() = default;
  Reply(Response r) : response(std::move(r)) {}  // NOLINT(google-explicit-constructor)
  static Reply hang();
  static Reply close();
  static Reply reset();
  static Reply malformed(std::string bytes);
};

/// Called for each well-formed request; connections call it concurrently, on the loop's thread. It
/// is cancelled when the server stops. An exception becomes a 500.
using Handler = std::function<net::Task<Reply>(Request)>;

struct ServerOptions {
  net::ListenOptions listen = {};
  Limits limits = {};
  std::size_t max_connections = 1024;                ///< further ones get 503 and are closed
  Nanos idle_timeout = std::chrono::seconds(60);     ///< between requests of a connection
  Nanos request_timeout = std::chrono::seconds(10);  ///< from a request's first byte to its last
  Nanos write_timeout = std::chrono::seconds(30);    ///< for writing one answer
};

struct ServerCounters {
  std::uint64_t connections = 0;  ///< accepted
  std::uint64_t open = 0;         ///< now
  std::uint64_t requests = 0;     ///< given to the handler
  std::uint64_t rejected = 0;     ///< answered 4xx or 503 by the server itself
};

/// An HTTP/1.1 server on one loop. HEAD is answered as GET without the body; malformed input with
/// 400, 408, 413 or 431.
class Server {
 public:
  /// Listening on return, so that port() is known; serve() begins to accept.
  static Result<std::unique_ptr<Server>> open(net::Loop& loop, Handler handler,
                                              ServerOptions options = {});
  ~Server();

  /// Serves until stop() or cancellation; on return no connection is left.
  net::Task<void> serve();

  /// No new connections; idle ones are closed, requests in progress may end within `grace`.
  void stop(Nanos grace = Nanos(0));

  std::uint16_t port() const;
  /// "http://127.0.0.1:port", or https.
  std::string url() const;
  const ServerCounters& counters() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::http
