#include "harness/http/client.h"

#include <array>
#include <utility>

namespace tocsin::http {
namespace {

constexpr std::size_t kBufferBytes = 16 * 1024;

net::Failure failure_of(const ResponseParser& parser) {
  const bool too_large = parser.state() != ParseState::kBad;
  return {too_large ? net::NetFailure::kTooLarge : net::NetFailure::kProtocol, parser.error()};
}

}  // namespace

struct Client::Impl {
  Impl(net::Loop& on, Url to, ClientOptions with)
      : loop(on), origin(std::move(to)), options(std::move(with)) {}

  net::Task<net::Outcome<>> open(Nanos deadline);
  net::Task<net::Outcome<Response>> exchange(const Request& request, std::string_view bytes,
                                             Nanos deadline);

  net::Loop& loop;
  Url origin;
  ClientOptions options;
  net::StreamPtr stream;
  std::size_t connections = 0;
  bool answer_started = false;  ///< of the exchange in progress
  std::array<char, kBufferBytes> buffer;
};

Client::Client(net::Loop& loop, Url origin, ClientOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(origin), std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

net::Task<net::Outcome<>> Client::Impl::open(Nanos deadline) {
  ++connections;
  if (options.dial) {
    CO_TRY(stream, co_await options.dial(deadline));
    co_return net::Outcome<>();
  }
  if (origin.tls && options.tls == nullptr) {
    const net::TlsClientOptions verified;
    auto context = net::TlsContext::client(verified);
    if (!context) co_return net::Failure{net::NetFailure::kTls, context.error().message};
    options.tls = std::move(*context);
  }
  const net::TlsContextPtr tls = origin.tls ? options.tls : nullptr;
  CO_TRY(stream, co_await net::connect(loop, origin.host, origin.port, deadline, tls));
  co_return net::Outcome<>();
}

/// One request and its answer on the open stream, which is gone afterwards unless it may be used
/// again.
net::Task<net::Outcome<Response>> Client::Impl::exchange(const Request& request,
                                                         std::string_view bytes, Nanos deadline) {
  net::StreamPtr used = std::move(stream);
  ResponseParser parser(request.method, options.limits);
  answer_started = false;
  const net::Outcome<> written = co_await used->write_all(bytes, deadline);
  // A server may answer and close without reading it all; its answer counts, if there is one.
  if (!written && written.error().kind != net::NetFailure::kReset) co_return written.error();
  std::size_t unasked = 0;
  while (parser.state() == ParseState::kNeedMore) {
    const net::Outcome<std::size_t> got = co_await used->read_some(buffer, deadline);
    if (got) {
      answer_started = true;
      unasked = *got - parser.feed(std::string_view(buffer.data(), *got));
    } else if (got.error().kind == net::NetFailure::kClosed && answer_started) {
      parser.feed_end();
    } else {
      co_return got.error();
    }
  }
  if (parser.state() != ParseState::kDone) co_return failure_of(parser);
  if (parser.keep_alive() && unasked == 0 && written) stream = std::move(used);
  co_return parser.take();
}

net::Task<net::Outcome<Response>> Client::send(Request request, Nanos deadline) {
  Impl& impl = *impl_;
  if (!request.headers.contains("Host")) request.headers.add("Host", impl.origin.host_header());
  const std::string bytes = serialize(request);
  if (impl.stream != nullptr && !impl.stream->is_stale()) {
    auto answer = co_await impl.exchange(request, bytes, deadline);
    const bool died = !answer && !impl.answer_started &&
                      (answer.error().kind == net::NetFailure::kClosed ||
                       answer.error().kind == net::NetFailure::kReset);
    if (!died) co_return answer;
  }
  const net::Outcome<> opened = co_await impl.open(deadline);
  if (!opened) co_return opened.error();
  co_return co_await impl.exchange(request, bytes, deadline);
}

std::size_t Client::connections() const {
  return impl_->connections;
}

void Client::close() {
  impl_->stream = nullptr;
}

net::Task<net::Outcome<Response>> fetch(net::Loop& loop, Url url, FetchOptions options) {
  const Nanos deadline = net::deadline_in(options.timeout);
  Request request;
  request.method = std::move(options.method);
  request.target = url.target;
  request.headers = std::move(options.headers);
  request.body = std::move(options.body);
  if (!request.headers.contains("Connection")) request.headers.add("Connection", "close");
  ClientOptions client_options;
  client_options.tls = std::move(options.tls);
  client_options.limits = options.limits;
  Client client(loop, std::move(url), std::move(client_options));
  co_return co_await client.send(std::move(request), deadline);
}

}  // namespace tocsin::http
