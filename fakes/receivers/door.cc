#include "fakes/receivers/door.h"

#include <utility>

#include "harness/net/task_group.h"

namespace tocsin::receivers {

Door::Door(Site& site, OpenService open_service, std::optional<IntegrationId> whose)
    : site_(site),
      open_service_(std::move(open_service)),
      whose_(std::move(whose)),
      change_(site.loop) {}

Result<std::unique_ptr<Door>> Door::open(Site& site, OpenService open_service, std::uint16_t port,
                                         std::optional<IntegrationId> whose) {
  std::unique_ptr<Door> door(new Door(site, std::move(open_service), std::move(whose)));
  TRY(door->service_, door->open_service_(port));
  door->port_ = door->service_->port();
  if (door->trouble()) door->service_.reset();
  return door;
}

std::optional<TroubleKind> Door::trouble() const {
  if (!whose_) return std::nullopt;
  return site_.schedule.at_door(*whose_, site_.offset());
}

Nanos Door::next_change() const {
  if (!whose_) return net::kNoDeadline;
  const Duration now = site_.offset();
  const auto next = site_.schedule.next_change(*whose_, now);
  if (!next) return net::kNoDeadline;
  // A millisecond late rather than a moment early.
  return net::deadline_in(site_.real(*next - now) + std::chrono::milliseconds(1));
}

net::Task<void> Door::while_it_is(std::optional<TroubleKind> present) {
  while (!stopping_ && trouble() == present) {
    const net::Wake wake = co_await change_.wait_until(next_change());
    if (wake == net::Wake::kCancelled) stopping_ = true;
  }
}

net::Task<void> Door::serve() {
  while (!stopping_) {
    const auto present = trouble();
    if (present == TroubleKind::kRefuse) {
      co_await while_it_is(present);
    } else if (present == TroubleKind::kDropAtAccept) {
      co_await throw_out();
    } else {
      co_await serve_well();
    }
  }
}

net::Task<void> Door::serve_well() {
  if (!service_) {
    Result<std::unique_ptr<Service>> opened = open_service_(port_);
    if (opened.has_error()) {
      // Somebody else has taken the port meanwhile; it may come back.
      const bool slept = co_await net::sleep_for(std::chrono::milliseconds(100));
      if (!slept) stopping_ = true;
      co_return;
    }
    service_ = std::move(*opened);
  }
  net::TaskGroup group(site_.loop);
  group.spawn(service_->serve());
  co_await while_it_is(std::nullopt);
  service_->stop();
  co_await group.join();
  service_.reset();
}

net::Task<void> Door::throw_out() {
  net::ListenOptions options;
  options.host = site_.options.host;
  options.port = port_;
  Result<net::Listener> listener = net::Listener::open(site_.loop, options);
  if (listener.has_error()) {
    const bool slept = co_await net::sleep_for(std::chrono::milliseconds(100));
    if (!slept) stopping_ = true;
    co_return;
  }
  net::TaskGroup group(site_.loop);
  group.spawn(reset_all(*listener));
  co_await while_it_is(TroubleKind::kDropAtAccept);
  listener->close();
  group.cancel_all();
  co_await group.join();
}

net::Task<void> Door::reset_all(net::Listener& listener) {
  while (true) {
    net::Outcome<net::StreamPtr> stream = co_await listener.accept();
    if (!stream) co_return;
    (*stream)->reset();
    site_.store.add(empty_attempt(*whose_, "drop at accept", "connection dropped"));
  }
}

void Door::stop() {
  stopping_ = true;
  change_.notify();
}

}  // namespace tocsin::receivers
