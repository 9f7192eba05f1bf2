#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "fakes/receivers/site.h"
#include "harness/net/listener.h"
#include "harness/net/timer.h"

namespace tocsin::receivers {

/// A server on a port, for a Door to open and close.
class Service {
 public:
  virtual ~Service() = default;
  /// Until stop() or cancellation; on return no connection is left.
  virtual net::Task<void> serve() = 0;
  virtual void stop() = 0;
  virtual std::uint16_t port() const = 0;
};

/// Listening on return.
using OpenService = std::function<Result<std::unique_ptr<Service>>(std::uint16_t port)>;

/// A port and what stands behind it: its service, nobody, or somebody who throws every connection
/// out, as the schedule has it for `whose`. The port stays the same.
class Door {
 public:
  /// Listening on return, unless it begins refused; but the port is known, and was free.
  static Result<std::unique_ptr<Door>> open(Site& site, OpenService open_service,
                                            std::uint16_t port, std::optional<IntegrationId> whose);

  net::Task<void> serve();
  void stop();
  std::uint16_t port() const { return port_; }

 private:
  Door(Site& site, OpenService open_service, std::optional<IntegrationId> whose);

  std::optional<TroubleKind> trouble() const;
  Nanos next_change() const;
  /// Until the trouble is another one than `present`, or the end.
  net::Task<void> while_it_is(std::optional<TroubleKind> present);
  net::Task<void> serve_well();
  net::Task<void> throw_out();
  net::Task<void> reset_all(net::Listener& listener);

  Site& site_;
  OpenService open_service_;
  std::optional<IntegrationId> whose_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Service> service_;
  net::Timer change_;  ///< notified to stop
  bool stopping_ = false;
};

}  // namespace tocsin::receivers
