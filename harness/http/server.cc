#include "harness/http/server.h"

#include <unordered_set>
#include <utility>

#include "harness/http/session.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"

namespace tocsin::http {

Reply Reply::hang() {
  Reply reply;
  reply.kind = Kind::kHang;
  return reply;
}

Reply Reply::close() {
  Reply reply;
  reply.kind = Kind::kClose;
  return reply;
}

Reply Reply::reset() {
  Reply reply;
  reply.kind = Kind::kReset;
  return reply;
}

Reply Reply::malformed(std::string bytes) {
  Reply reply;
  reply.kind = Kind::kRaw;
  reply.raw = std::move(bytes);
  return reply;
}

struct Server::Impl {
  Impl(net::Loop& loop, net::Listener on, Handler call, ServerOptions with)
      : listener(std::move(on)),
        handler(std::move(call)),
        options(std::move(with)),
        shared{loop, handler, options, counters},
        group(loop),
        drained(loop) {}

  void admit(net::StreamPtr stream);
  net::Task<void> run_session(std::unique_ptr<Session> session);
  net::Task<void> turn_away(std::unique_ptr<Session> session);

  net::Listener listener;
  const Handler handler;
  const ServerOptions options;
  ServerCounters counters;
  Session::Shared shared;
  net::TaskGroup group;
  std::unordered_set<Session*> sessions;
  net::Timer drained;  ///< notified when the last session has ended
  Nanos last_call = Nanos(0);
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(net::Loop& loop, Handler handler,
                                             ServerOptions options) {
  TRY(net::Listener listener, net::Listener::open(loop, options.listen));
  auto impl =
      std::make_unique<Impl>(loop, std::move(listener), std::move(handler), std::move(options));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

net::Task<void> Server::Impl::run_session(std::unique_ptr<Session> session) {
  co_await session->run();
  sessions.erase(session.get());
  counters.open = sessions.size();
  if (sessions.empty()) drained.notify();
}

net::Task<void> Server::Impl::turn_away(std::unique_ptr<Session> session) {
  co_await session->refuse();
}

void Server::Impl::admit(net::StreamPtr stream) {
  ++counters.connections;
  auto session = std::make_unique<Session>(shared, std::move(stream));
  if (sessions.size() < options.max_connections) {
    sessions.insert(session.get());
    counters.open = sessions.size();
    group.spawn(run_session(std::move(session)));
  } else if (group.size() < 2 * options.max_connections) {
    group.spawn(turn_away(std::move(session)));
  } else {
    ++counters.rejected;  // Too many even to be told so.
  }
}

net::Task<void> Server::serve() {
  Impl& impl = *impl_;
  while (true) {
    net::Outcome<net::StreamPtr> stream = co_await impl.listener.accept();
    if (!stream) break;
    impl.admit(std::move(*stream));
  }
  stop();
  impl.drained = net::Timer(impl.shared.loop);
  if (!impl.sessions.empty()) co_await impl.drained.wait_until(impl.last_call);
  impl.group.cancel_all();
  co_await impl.group.join();
}

void Server::stop(Nanos grace) {
  Impl& impl = *impl_;
  if (std::exchange(impl.shared.stopping, true)) return;
  impl.last_call = net::deadline_in(grace);
  impl.listener.close();
  const std::unordered_set<Session*> present = impl.sessions;
  for (Session* session : present) session->interrupt_if_idle();
}

std::uint16_t Server::port() const {
  return impl_->listener.port();
}

std::string Server::url() const {
  const net::Address& address = impl_->listener.address();
  const std::string scheme = impl_->options.listen.tls != nullptr ? "https://" : "http://";
  return scheme + net::to_string(address);
}

const ServerCounters& Server::counters() const {
  return impl_->counters;
}

}  // namespace tocsin::http
