#include "harness/net/listener.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "harness/net/spawn.h"
#include "harness/net/tcp_stream.h"
#include "harness/net/timer.h"

namespace tocsin::net {
namespace asio = boost::asio;

using asio::ip::tcp;
using boost::system::error_code;

struct Listener::Impl {
  explicit Impl(asio::io_context& context) : acceptor(context) {}

  tcp::acceptor acceptor;
  Address address;
  TlsContextPtr tls;
};

namespace {

Error listen_error(const Address& address, const error_code& error) {
  return io_error("cannot listen on " + to_string(address) + ": " + error.message());
}

/// Descriptors or memory ran out: the connection stays in the queue until there is room.
bool is_shortage(const error_code& error) {
  return error == asio::error::no_descriptors || error == asio::error::no_memory ||
         error == asio::error::no_buffer_space ||
         error == boost::system::errc::too_many_files_open_in_system;
}

}  // namespace

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() = default;
Listener::Listener(Listener&&) noexcept = default;
Listener& Listener::operator=(Listener&&) noexcept = default;

Result<Listener> Listener::open(Loop& loop, const ListenOptions& options) {
  const Address wanted{options.host, options.port};
  error_code error;
  const asio::ip::address ip = asio::ip::make_address(options.host, error);
  if (error) return io_error("cannot listen on \"" + options.host + "\": not a numeric address");
  const tcp::endpoint endpoint(ip, options.port);
  auto impl = std::make_unique<Impl>(loop.context());
  impl->tls = options.tls;
  impl->acceptor.open(endpoint.protocol(), error);
  if (!error) impl->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) impl->acceptor.bind(endpoint, error);
  if (!error) impl->acceptor.listen(options.backlog, error);
  if (!error) impl->address = address_of(impl->acceptor.local_endpoint(error));
  if (error) return listen_error(wanted, error);
  return Listener(std::move(impl));
}

Task<Outcome<StreamPtr>> Listener::accept() {
  Impl& impl = *impl_;
  while (impl.acceptor.is_open()) {
    if (co_await cancelled()) co_return Failure{NetFailure::kCancelled};
    error_code error;
    tcp::socket socket =
        co_await impl.acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      StreamPtr stream = std::make_unique<TcpStream>(std::move(socket));
      if (impl.tls != nullptr) stream = impl.tls->wrap(std::move(stream), {});
      co_return stream;
    }
    if (is_shortage(error)) co_await sleep_for(std::chrono::milliseconds(10));
  }
  co_return Failure{NetFailure::kClosed};
}

const Address& Listener::address() const {
  return impl_->address;
}

void Listener::close() noexcept {
  error_code ignored;
  impl_->acceptor.close(ignored);
}

}  // namespace tocsin::net
