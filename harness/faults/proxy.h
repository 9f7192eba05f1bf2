#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/faults/timeline.h"
#include "harness/net/stream.h"

namespace tocsin::faults {

struct ProxyOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;              ///< 0: the kernel chooses one
  std::vector<net::Address> upstream;  ///< of the service: the first that answers
  /// Scenario time since the run's start, at this moment, and how much faster it runs than the
  /// clock. Delays of faults are not scaled: they are the network's.
  std::function<Duration()> offset;
  double time_scale = 1;
  std::uint64_t seed = 1;
  std::size_t max_connections = 4096;  ///< further ones are reset
};

/// A TCP proxy that misbehaves as the timeline's network faults say; without any in force it passes
/// bytes on unchanged, TLS's among them. See treatment.h.
class NetworkProxy {
 public:
  /// Listening on return. `timeline` must outlive the proxy.
  static Result<std::unique_ptr<NetworkProxy>> open(net::Loop& loop, const FaultTimeline& timeline,
                                                    ProxyOptions options);
  ~NetworkProxy();

  /// Serves until stop() or cancellation; on return no connection is left.
  net::Task<void> serve();
  void stop();

  std::uint16_t port() const;
  net::Address address() const;
  /// "http://127.0.0.1:port".
  std::string url() const;

 private:
  struct Impl;
  explicit NetworkProxy(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::faults
