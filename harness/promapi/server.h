#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "harness/net/listener.h"
#include "harness/promapi/api.h"

namespace tocsin::promapi {

struct ApiServerOptions {
  net::ListenOptions listen = {};
  /// Queries evaluated at a time, each with the options' max_samples in memory; further ones wait.
  std::size_t workers = 4;
  std::size_t most_waiting = 1000;  ///< beyond this: 503
};

/// An Api on a socket. One thread talks to clients and answers at once what takes no time; queries
/// run on others, and one that waits too long for its turn is answered when its time is up.
class ApiServer {
 public:
  /// Listening on return. The options of `api` should have set a flag for cancelling: stop() waits
  /// for the queries that run.
  static Result<std::unique_ptr<ApiServer>> open(const Api& api, ApiServerOptions options);
  ~ApiServer();

  /// No more answers; joins all threads.
  void stop();
  /// "http://127.0.0.1:port".
  std::string url() const;

 private:
  struct Impl;
  explicit ApiServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::promapi
