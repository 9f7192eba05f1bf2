#include "harness/net/tcp_stream.h"

#include <sys/socket.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "harness/net/spawn.h"

namespace tocsin::net {
namespace asio = boost::asio;

using asio::ip::tcp;
using boost::system::error_code;

Failure failure_of(const error_code& error) {
  if (error == asio::error::eof) return {NetFailure::kClosed};
  if (error == asio::error::connection_refused) return {NetFailure::kRefused};
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe ||
      error == asio::error::connection_aborted) {
    return {NetFailure::kReset};
  }
  if (error == asio::error::timed_out) return {NetFailure::kTimeout};
  if (error == asio::error::host_unreachable || error == asio::error::network_unreachable) {
    return {NetFailure::kUnreachable};
  }
  if (error == asio::error::operation_aborted) return {NetFailure::kCancelled};
  return {NetFailure::kSystem, error.message()};
}

Address address_of(const tcp::endpoint& endpoint) {
  return {endpoint.address().to_string(), endpoint.port()};
}

/// The socket and its deadline. Arming a timer for each operation would cost more than the
/// operation, so the timer is lazy: operations only note their deadline, and a timer that goes off
/// looks whether the deadline in force has really passed, or else sleeps on until then.
struct TcpStream::State : std::enable_shared_from_this<State> {
  explicit State(tcp::socket from) : socket(std::move(from)), timer(socket.get_executor()) {}

  void begin(Nanos until) {
    deadline = until;
    timed_out = false;
    if (deadline < armed) arm();
  }

  /// Ends an operation: what `error` means, given how this side has interfered.
  error_code end(error_code error) {
    deadline = kNoDeadline;
    if (error != asio::error::operation_aborted) return error;
    if (std::exchange(timed_out, false)) return asio::error::timed_out;
    return socket.is_open() ? error : error_code(asio::error::eof);
  }

  void arm() {
    armed = deadline;
    timer.expires_at(asio::steady_timer::time_point(armed));
    timer.async_wait([weak = weak_from_this()](error_code error) {
      if (error) return;
      if (const auto self = weak.lock()) self->on_timer();
    });
  }

  void on_timer() {
    armed = kNoDeadline;
    if (deadline == kNoDeadline) return;
    if (system_clock().monotonic() < deadline) return arm();
    timed_out = true;
    error_code ignored;
    socket.cancel(ignored);
  }

  void close() noexcept {
    error_code ignored;
    socket.close(ignored);
    timer.cancel();
    armed = kNoDeadline;
  }

  tcp::socket socket;
  asio::steady_timer timer;
  Nanos deadline = kNoDeadline;  ///< of the operation in progress
  Nanos armed = kNoDeadline;     ///< when the timer will go off
  bool timed_out = false;
};

TcpStream::TcpStream(tcp::socket socket) : state_(std::make_shared<State>(std::move(socket))) {
  // Data is written in whole messages and must leave at once. Both settings only fail on a socket
  // that is dead already; then the first operation says so.
  error_code ignored;
  state_->socket.set_option(tcp::no_delay(true), ignored);
  state_->socket.non_blocking(true, ignored);
}

TcpStream::~TcpStream() {
  close();
}

Task<Outcome<StreamPtr>> TcpStream::connect(Loop& loop, tcp::endpoint endpoint, Nanos deadline) {
  if (co_await cancelled()) co_return Failure{NetFailure::kCancelled};
  error_code error;
  tcp::socket socket(loop.context());
  socket.open(endpoint.protocol(), error);
  if (error) co_return failure_of(error);
  auto stream = std::make_unique<TcpStream>(std::move(socket));
  State& state = *stream->state_;
  state.begin(deadline);
  co_await state.socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  error = state.end(error);
  if (error) co_return failure_of(error);
  co_return StreamPtr(std::move(stream));
}

Task<Outcome<std::size_t>> TcpStream::read_some(std::span<char> into, Nanos deadline) {
  if (co_await cancelled()) co_return Failure{NetFailure::kCancelled};
  State& state = *state_;
  if (!state.socket.is_open()) co_return Failure{NetFailure::kClosed};
  error_code error;
  state.begin(deadline);
  const std::size_t got = co_await state.socket.async_read_some(
      asio::buffer(into.data(), into.size()), asio::redirect_error(asio::use_awaitable, error));
  error = state.end(error);
  if (error) co_return failure_of(error);
  co_return got;
}

Task<Outcome<>> TcpStream::write_all(std::string_view bytes, Nanos deadline) {
  if (co_await cancelled()) co_return Failure{NetFailure::kCancelled};
  State& state = *state_;
  if (!state.socket.is_open()) co_return Failure{NetFailure::kClosed};
  while (!bytes.empty()) {
    // Most writes fit into the socket's buffer, and then need no trip through the loop.
    error_code error;
    bytes.remove_prefix(state.socket.write_some(asio::buffer(bytes.data(), bytes.size()), error));
    if (error == asio::error::would_block) {
      error.clear();
      state.begin(deadline);
      co_await state.socket.async_wait(tcp::socket::wait_write,
                                       asio::redirect_error(asio::use_awaitable, error));
      error = state.end(error);
    }
    if (error) co_return failure_of(error);
  }
  co_return Outcome<>();
}

Task<Outcome<>> TcpStream::shutdown(Nanos) {
  error_code error;
  state_->socket.shutdown(tcp::socket::shutdown_send, error);
  if (error) co_return failure_of(error);
  co_return Outcome<>();
}

void TcpStream::close() noexcept {
  state_->close();
}

void TcpStream::reset() noexcept {
  error_code ignored;
  state_->socket.set_option(asio::socket_base::linger(true, 0), ignored);
  state_->close();
}

bool TcpStream::is_open() const {
  return state_->socket.is_open();
}

namespace {

enum class Peeked { kNothing, kBytes, kEnd };

Peeked peek(int socket) {
  char byte = 0;
  const ssize_t got = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return Peeked::kBytes;
  const bool later = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  return later ? Peeked::kNothing : Peeked::kEnd;
}

}  // namespace

bool TcpStream::is_stale() const {
  return !is_open() || peek(state_->socket.native_handle()) != Peeked::kNothing;
}

bool TcpStream::peer_gone() const {
  return !is_open() || peek(state_->socket.native_handle()) == Peeked::kEnd;
}

Address TcpStream::peer() const {
  error_code error;
  const tcp::endpoint endpoint = state_->socket.remote_endpoint(error);
  return error ? Address{} : address_of(endpoint);
}

}  // namespace tocsin::net
