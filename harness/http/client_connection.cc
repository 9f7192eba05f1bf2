#include "harness/http/client_connection.h"

#include <array>
#include <utility>

namespace tocsin::http {
namespace {

/// A connection unused for so long is looked at before use: asking costs a system call, which busy
/// connections are spared.
constexpr Nanos kTrusted = std::chrono::milliseconds(100);

constexpr std::size_t kReceiveBytes = 16 * 1024;

}  // namespace

struct ClientConnection::Impl {
  Impl(net::Loop& on, const Peer& to) : loop(on), peer(to) {}

  bool is_usable() const {
    if (stream == nullptr) return false;
    return loop.now() - last_used < kTrusted || !stream->is_stale();
  }

  net::Task<net::Outcome<>> open(Nanos deadline);
  net::Task<net::Outcome<>> receive(Exchange& exchange, Nanos deadline, std::string* body,
                                    std::size_t body_limit);

  net::Loop& loop;
  Peer peer;
  net::StreamPtr stream;
  ResponseScanner scanner;
  Nanos last_used{0};
  std::array<char, kReceiveBytes> buffer;
};

ClientConnection::ClientConnection(net::Loop& loop, const Peer& peer)
    : impl_(std::make_unique<Impl>(loop, peer)) {}
ClientConnection::~ClientConnection() = default;
ClientConnection::ClientConnection(ClientConnection&&) noexcept = default;
ClientConnection& ClientConnection::operator=(ClientConnection&&) noexcept = default;

net::Task<net::Outcome<>> ClientConnection::Impl::open(Nanos deadline) {
  stream = nullptr;
  if (peer.dial) {
    CO_TRY(stream, co_await peer.dial(deadline));
    co_return net::Outcome<>();
  }
  CO_TRY(net::StreamPtr opened, co_await net::connect(loop, peer.addresses, deadline));
  if (peer.tls != nullptr) {
    opened = peer.tls->wrap(std::move(opened), peer.host);
    const net::Outcome<> shaken = co_await opened->handshake(deadline);
    if (!shaken) co_return shaken.error();
  }
  stream = std::move(opened);
  co_return net::Outcome<>();
}

net::Task<net::Outcome<>> ClientConnection::Impl::receive(Exchange& exchange, Nanos deadline,
                                                          std::string* body,
                                                          std::size_t body_limit) {
  while (!scanner.done()) {
    const net::Outcome<std::size_t> got = co_await stream->read_some(buffer, deadline);
    exchange.done = loop.now();
    if (!scanner.started()) exchange.first_byte = exchange.done;
    if (!got && got.error().kind != net::NetFailure::kClosed) co_return got.error();
    if (!got) {
      // An answer that had begun is malformed when cut short; one that had not is "closed".
      if (!scanner.started()) co_return got.error();
      scanner.feed_end();
    } else {
      const std::string_view bytes(buffer.data(), *got);
      if (scanner.feed(bytes, body, body_limit) < bytes.size() && scanner.done()) {
        // Bytes that nobody asked for: the next answer could not be told from them.
        stream->close();
      }
    }
    if (scanner.bad()) {
      co_return net::Failure{net::NetFailure::kProtocol, std::string(scanner.error())};
    }
  }
  co_return net::Outcome<>();
}

net::Task<net::Outcome<Exchange>> ClientConnection::send(std::string_view request, AnswerTo kind,
                                                         Nanos deadline, std::string* body,
                                                         std::size_t body_limit) {
  Impl& impl = *impl_;
  Exchange exchange;
  if (!impl.is_usable()) {
    const net::Outcome<> opened = co_await impl.open(deadline);
    if (!opened) co_return opened.error();
    exchange.connected = true;
  }
  impl.scanner.restart(kind);
  exchange.sent = impl.loop.now();
  const net::Outcome<> written = co_await impl.stream->write_all(request, deadline);
  // A server may answer and close without reading it all; its answer counts, if there is one.
  const bool may_have_answered = written || written.error().kind == net::NetFailure::kReset;
  net::Outcome<> result = written;
  if (may_have_answered) result = co_await impl.receive(exchange, deadline, body, body_limit);
  if (!result || !impl.scanner.keep_alive() || !impl.stream->is_open()) impl.stream = nullptr;
  if (!result) co_return result.error();
  impl.last_used = exchange.done;
  exchange.status = impl.scanner.status();
  exchange.body_bytes = impl.scanner.body_bytes();
  co_return exchange;
}

bool ClientConnection::is_open() const {
  return impl_->stream != nullptr;
}

void ClientConnection::close() {
  impl_->stream = nullptr;
}

}  // namespace tocsin::http
