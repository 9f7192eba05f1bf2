#include "harness/faults/proxy.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>
#include <vector>

#include "harness/faults/treatment.h"
#include "harness/net/connect.h"
#include "harness/net/listener.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"

namespace tocsin::faults {
namespace {

constexpr Nanos kConnectTimeout = std::chrono::seconds(10);
/// A client that takes no bytes for so long is given up.
constexpr Nanos kWriteTimeout = std::chrono::minutes(5);
/// Bandwidth is kept in steps of this.
constexpr Nanos kPace = std::chrono::milliseconds(20);

}  // namespace

struct NetworkProxy::Impl {
  Impl(net::Loop& on, const FaultTimeline& of, ProxyOptions with)
      : loop(on),
        timeline(of),
        options(std::move(with)),
        random(options.seed, "network/proxy"),
        change(on) {}

  using Way = NetworkFault::Direction;

  /// Two ends, and the lot that says which faults concern them.
  struct Link {
    net::StreamPtr client;
    net::StreamPtr service;  ///< null: not connected yet
    double lot = 0;
    Duration opened{0};             ///< scenario time
    std::uint64_t passed_up = 0;    ///< bytes, since a limit on them is in force
    std::uint64_t passed_down = 0;  ///< likewise

    net::Stream& from(Way way) { return way == Way::kUpstream ? *client : *service; }
    net::Stream& to(Way way) { return way == Way::kUpstream ? *service : *client; }
    std::uint64_t& passed(Way way) { return way == Way::kUpstream ? passed_up : passed_down; }
    void reset() {
      client->reset();
      if (service) service->reset();
    }
    void close() {
      client->close();
      if (service) service->close();
    }
  };

  /// Keeps a link among those that stand.
  class Standing {
   public:
    Standing(std::set<Link*>& links, Link& link) : links_(links), link_(link) {
      links_.insert(&link_);
    }
    ~Standing() { links_.erase(&link_); }
    Standing(const Standing&) = delete;
    Standing& operator=(const Standing&) = delete;

   private:
    std::set<Link*>& links_;
    Link& link_;
  };

  Result<void> listen();
  bool refuses_all() const;
  Nanos next_change() const;
  Treatment treatment(Way way, double lot) {
    return treatment_of(timeline.network_faults(options.offset()), way, lot, random);
  }
  void cut_links();

  net::Task<void> serve();
  net::Task<void> serve_while_open();
  net::Task<void> accept_all(net::TaskGroup& connections);
  net::Task<void> connection(net::StreamPtr client);
  net::Task<void> pass(Link& link, Way way);
  net::Task<void> pass_end(Link& link, Way way, net::NetFailure how);
  net::Task<bool> pass_on(Link& link, Way way, std::string_view bytes);
  net::Task<void> hold(Nanos until, Way way, double lot);
  net::Task<bool> write(net::Stream& to, std::string_view bytes, const Treatment& as);

  net::Loop& loop;
  const FaultTimeline& timeline;
  ProxyOptions options;
  Random random;
  net::Timer change;  ///< notified to stop
  bool stopping = false;
  std::optional<net::Listener> listener;
  net::Address address;
  std::set<Link*> links;  ///< that stand
  Duration looked{-1};    ///< until when links have been cut
};

Result<void> NetworkProxy::Impl::listen() {
  net::ListenOptions listen_options;
  listen_options.host = options.host;
  listen_options.port = options.port;
  TRY(listener, net::Listener::open(loop, listen_options));
  options.port = listener->port();
  address = listener->address();
  return {};
}

bool NetworkProxy::Impl::refuses_all() const {
  const std::vector<NetworkFault> in_force = timeline.network_faults(options.offset());
  return std::any_of(in_force.begin(), in_force.end(), [](const NetworkFault& fault) {
    return fault.kind == NetworkFault::Kind::kRefuse && fault.share >= 1;
  });
}

/// Resets the connections that stood when a cut began.
void NetworkProxy::Impl::cut_links() {
  const Duration now = options.offset();
  for (const FaultTimeline::Cut& cut : timeline.cuts(looked, now)) {
    for (Link* link : links) {
      if (link->lot < cut.share && link->opened < cut.at) link->reset();
    }
  }
  looked = std::max(looked, now);
}

/// When the timeline changes next, in the loop's time.
Nanos NetworkProxy::Impl::next_change() const {
  const Duration now = options.offset();
  const std::vector<Duration> points = timeline.change_points();
  const auto next = std::upper_bound(points.begin(), points.end(), now);
  if (next == points.end()) return net::kNoDeadline;
  const double wait = static_cast<double>(Nanos(*next - now).count()) / options.time_scale;
  // A millisecond late rather than a moment early.
  return net::deadline_in(Nanos(std::llround(wait)) + std::chrono::milliseconds(1));
}

net::Task<void> NetworkProxy::Impl::serve() {
  while (!stopping) {
    if (refuses_all()) {
      listener.reset();
      const net::Wake wake = co_await change.wait_until(next_change());
      if (wake == net::Wake::kCancelled) co_return;
      continue;
    }
    if (!listener && listen().has_error()) {
      // Somebody else has taken the port meanwhile; it may come back.
      const bool slept = co_await net::sleep_for(std::chrono::milliseconds(100));
      if (!slept) co_return;
      continue;
    }
    co_await serve_while_open();
  }
}

net::Task<void> NetworkProxy::Impl::serve_while_open() {
  net::TaskGroup group(loop);
  group.spawn(accept_all(group));
  while (!stopping && !refuses_all()) {
    cut_links();
    const net::Wake wake = co_await change.wait_until(next_change());
    if (wake == net::Wake::kCancelled) stopping = true;
  }
  listener->close();
  group.cancel_all();
  co_await group.join();
  listener.reset();
}

net::Task<void> NetworkProxy::Impl::accept_all(net::TaskGroup& connections) {
  while (true) {
    net::Outcome<net::StreamPtr> client = co_await listener->accept();
    if (!client) co_return;
    if (connections.size() > options.max_connections) {
      (*client)->reset();
    } else {
      connections.spawn(connection(std::move(*client)));
    }
  }
}

net::Task<void> NetworkProxy::Impl::connection(net::StreamPtr client) {
  Link link;
  link.client = std::move(client);
  link.lot = random.uniform();
  link.opened = options.offset();
  if (treatment(Way::kDownstream, link.lot).refused) {
    link.client->reset();
    co_return;
  }
  const Standing standing(links, link);
  std::vector<net::Address> addresses = options.upstream;
  const Nanos deadline = net::deadline_in(kConnectTimeout);
  net::Outcome<net::StreamPtr> service =
      co_await net::connect(loop, std::move(addresses), deadline);
  if (!service) {
    link.client->reset();
    co_return;
  }
  link.service = std::move(*service);
  net::TaskGroup pumps(loop);
  pumps.spawn(pass(link, Way::kUpstream));
  co_await pass(link, Way::kDownstream);
  pumps.cancel_all();
  co_await pumps.join();
}

/// Until one end closes; the connection ends with the answers.
net::Task<void> NetworkProxy::Impl::pass(Link& link, Way way) {
  std::array<char, 16 * 1024> buffer;
  while (true) {
    const net::Outcome<std::size_t> got =
        co_await link.from(way).read_some(buffer, net::kNoDeadline);
    if (!got) {
      co_await pass_end(link, way, got.error().kind);
      co_return;
    }
    const std::string_view bytes(buffer.data(), *got);
    const bool passed = co_await pass_on(link, way, bytes);
    if (!passed) co_return;
  }
}

net::Task<void> NetworkProxy::Impl::pass_end(Link& link, Way way, net::NetFailure how) {
  if (how == net::NetFailure::kClosed) {
    co_await net::sleep_for(treatment(way, link.lot).close_delay);
    if (way == Way::kUpstream) {
      // The client may still read.
      co_await link.service->shutdown(net::deadline_in(kWriteTimeout));
    } else {
      link.client->close();
    }
  } else if (way == Way::kUpstream) {
    // One that is gone ends the service's side as well.
    link.service->close();
  } else if (how == net::NetFailure::kReset) {
    link.client->reset();
  } else {
    link.client->close();
  }
}

/// False when the connection has ended.
net::Task<bool> NetworkProxy::Impl::pass_on(Link& link, Way way, std::string_view bytes) {
  const Nanos received = loop.now();
  const Treatment as = treatment(way, link.lot);
  if (as.reset_after) {
    co_await net::sleep_until(received + *as.reset_after);
    link.reset();
    co_return false;
  }
  if (as.timeout_after) {
    const Nanos until = *as.timeout_after > Nanos(0) ? received + *as.timeout_after : Nanos(0);
    co_await hold(until, way, link.lot);
    link.close();
    co_return false;
  }
  const bool waited = co_await net::sleep_until(received + as.delay);
  if (!waited) co_return false;
  std::uint64_t& passed = link.passed(way);
  if (!as.limit_bytes) {
    passed = 0;
    co_return co_await write(link.to(way), bytes, as);
  }
  const std::uint64_t left = *as.limit_bytes - std::min(passed, *as.limit_bytes);
  const bool last = bytes.size() >= left;
  if (last) bytes = bytes.substr(0, static_cast<std::size_t>(left));
  passed += bytes.size();
  const bool written = co_await write(link.to(way), bytes, as);
  if (last) link.close();
  co_return written && !last;
}

/// Until a time, or with zero until no timeout is in force any more.
net::Task<void> NetworkProxy::Impl::hold(Nanos until, Way way, double lot) {
  if (until > Nanos(0)) {
    co_await net::sleep_until(until);
    co_return;
  }
  while (treatment(way, lot).timeout_after) {
    const bool slept = co_await net::sleep_until(next_change());
    if (!slept) co_return;
  }
}

net::Task<bool> NetworkProxy::Impl::write(net::Stream& to, std::string_view bytes,
                                          const Treatment& as) {
  std::size_t piece = as.slice_bytes > 0 ? as.slice_bytes : bytes.size();
  if (as.bytes_per_second > 0) {
    const double of_pace = std::max(1.0, as.bytes_per_second * to_seconds(kPace));
    piece = std::min(piece, static_cast<std::size_t>(std::min(of_pace, 1e9)));
  }
  Nanos ready = loop.now();
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    if (as.bytes_per_second > 0) {
      // A piece has arrived when its last byte has.
      const double seconds = static_cast<double>(part.size()) / as.bytes_per_second;
      ready += Nanos(std::llround(seconds * 1e9));
      const bool waited = co_await net::sleep_until(ready);
      if (!waited) co_return false;
    }
    const Nanos deadline = net::deadline_in(kWriteTimeout);
    const net::Outcome<> sent = co_await to.write_all(part, deadline);
    if (!sent) co_return false;
  }
  co_return true;
}

NetworkProxy::NetworkProxy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NetworkProxy::~NetworkProxy() = default;

Result<std::unique_ptr<NetworkProxy>> NetworkProxy::open(net::Loop& loop,
                                                         const FaultTimeline& timeline,
                                                         ProxyOptions options) {
  auto impl = std::make_unique<Impl>(loop, timeline, std::move(options));
  const auto listening = impl->listen();
  if (listening.has_error()) return listening.error();
  return std::unique_ptr<NetworkProxy>(new NetworkProxy(std::move(impl)));
}

net::Task<void> NetworkProxy::serve() {
  co_await impl_->serve();
}

void NetworkProxy::stop() {
  impl_->stopping = true;
  impl_->change.notify();
}

std::uint16_t NetworkProxy::port() const {
  return impl_->options.port;
}

net::Address NetworkProxy::address() const {
  return impl_->address;
}

std::string NetworkProxy::url() const {
  return "http://" + net::to_string(impl_->address);
}

}  // namespace tocsin::faults
