#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/time.h"
#include "harness/faults/timeline.h"
#include "harness/http/message.h"
#include "harness/http/server.h"
#include "harness/net/loop.h"
#include "harness/scenario/system.h"

/// The HTTP API by which people and scripts set, list and clear faults while `tocsin serve` runs.
/// It describes itself at GET /tocsin.

namespace tocsin::fakes {

/// The faults that were set by hand, and the answers of the API. No sockets.
class FaultControl {
 public:
  /// `offset` tells the scenario time; `apply` is given the whole new timeline after each change.
  FaultControl(const scenario::System& system, std::vector<faults::Fault> initial,
               std::function<Duration()> offset,
               std::function<void(std::shared_ptr<const faults::FaultTimeline>)> apply);

  http::Response answer(const http::Request& request);

 private:
  http::Response list() const;
  http::Response set(std::string_view body);
  http::Response clear(std::string_view name);
  std::string fresh_name() const;
  void apply() const;

  const scenario::System* system_;
  std::vector<faults::Fault> faults_;
  std::function<Duration()> offset_;
  std::function<void(std::shared_ptr<const faults::FaultTimeline>)> apply_;
};

/// The API on a socket of its own.
class ControlFront {
 public:
  /// Listening on return; port 0 lets the kernel choose.
  static Result<std::unique_ptr<ControlFront>> open(net::Loop& loop, FaultControl& control,
                                                    const std::string& host, std::uint16_t port);
  /// Serves until cancellation.
  net::Task<void> serve();
  std::string url() const { return server_->url(); }

 private:
  explicit ControlFront(std::unique_ptr<http::Server> server) : server_(std::move(server)) {}
  std::unique_ptr<http::Server> server_;
};

}  // namespace tocsin::fakes
