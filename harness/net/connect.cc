#include "harness/net/connect.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "harness/net/spawn.h"
#include "harness/net/tcp_stream.h"
#include "harness/net/timer.h"

namespace tocsin::net {
namespace asio = boost::asio;

using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// A look-up whose answer may come after its asker has lost patience.
struct Lookup {
  explicit Lookup(Loop& loop) : resolver(loop.context()), answered(loop) {}

  tcp::resolver resolver;
  Timer answered;
  bool is_answered = false;
  error_code error;
  tcp::resolver::results_type results;
};

Failure lookup_failure(const error_code& error, const std::string& host) {
  if (error == asio::error::host_not_found || error == asio::error::no_data ||
      error == asio::error::host_not_found_try_again || error == asio::error::no_recovery) {
    return {NetFailure::kNameNotFound, host};
  }
  return failure_of(error);
}

}  // namespace

Task<Outcome<std::vector<Address>>> resolve(Loop& loop, std::string host, std::uint16_t port,
                                            Nanos deadline) {
  if (host.empty()) co_return Failure{NetFailure::kNameNotFound, "no host"};
  error_code not_numeric;
  const asio::ip::address numeric = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) {
    co_return std::vector<Address>(1, address_of(tcp::endpoint(numeric, port)));
  }
  const auto lookup = std::make_shared<Lookup>(loop);
  lookup->resolver.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [lookup](const error_code& error, const tcp::resolver::results_type& results) {
        lookup->is_answered = true;
        lookup->error = error;
        lookup->results = results;
        lookup->answered.notify();
      });
  const Wake wake = co_await lookup->answered.wait_until(deadline);
  if (!lookup->is_answered) {
    lookup->resolver.cancel();
    co_return Failure{wake == Wake::kCancelled ? NetFailure::kCancelled : NetFailure::kTimeout};
  }
  if (lookup->error) co_return lookup_failure(lookup->error, host);
  std::vector<Address> addresses;
  for (const auto& entry : lookup->results) addresses.push_back(address_of(entry.endpoint()));
  co_return addresses;
}

Task<Outcome<StreamPtr>> connect(Loop& loop, std::vector<Address> addresses, Nanos deadline) {
  Failure last{NetFailure::kNameNotFound};
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    // An address that swallows packets must leave time for those after it.
    const Nanos now = loop.now();
    const auto left = static_cast<Nanos::rep>(addresses.size() - i);
    const Nanos until =
        deadline == kNoDeadline || deadline <= now ? deadline : now + (deadline - now) / left;
    error_code error;
    const asio::ip::address ip = asio::ip::make_address(addresses[i].ip, error);
    if (error) co_return Failure{NetFailure::kNameNotFound, addresses[i].ip};
    const tcp::endpoint endpoint(ip, addresses[i].port);
    auto stream = co_await TcpStream::connect(loop, endpoint, until);
    if (stream) co_return std::move(*stream);
    last = std::move(stream).error();
    if (last.kind == NetFailure::kCancelled) break;
  }
  co_return last;
}

Task<Outcome<StreamPtr>> connect(Loop& loop, std::string host, std::uint16_t port, Nanos deadline,
                                 TlsContextPtr tls) {
  CO_TRY(std::vector<Address> addresses, co_await resolve(loop, host, port, deadline));
  CO_TRY(StreamPtr stream, co_await connect(loop, std::move(addresses), deadline));
  if (tls == nullptr) co_return stream;
  stream = tls->wrap(std::move(stream), host);
  const Outcome<> shaken = co_await stream->handshake(deadline);
  if (!shaken) co_return shaken.error();
  co_return stream;
}

}  // namespace tocsin::net
