#include "harness/http/session.h"

#include <algorithm>
#include <ctime>
#include <exception>
#include <utility>

#include "harness/net/timer.h"

namespace tocsin::http {
namespace {

/// How long a client that is turned away may take to read why.
constexpr Nanos kFarewell = std::chrono::seconds(1);

/// Slow answers leave in steps of this length.
constexpr Nanos kTrickle = std::chrono::milliseconds(50);

/// IMF-fixdate (RFC 9110, section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(Timestamp now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

/// Whether a client can tell where the response ends. Handlers may say untrue lengths on purpose.
bool is_framed_truly(const Response& response) {
  const std::string* length = response.headers.find("Content-Length");
  return !response.headers.contains("Transfer-Encoding") &&
         (length == nullptr || *length == std::to_string(response.body.size()));
}

}  // namespace

Session::Session(Shared& shared, net::StreamPtr stream)
    : shared_(shared), stream_(std::move(stream)) {}

net::Task<void> Session::run() {
  while (!shared_.stopping) {
    const Next next = co_await serve_one();
    if (next == Next::kEnd) break;
  }
  stream_->close();
}

void Session::interrupt_if_idle() {
  if (is_idle_) stream_->close();
}

net::Task<Session::Next> Session::serve_one() {
  RequestParser parser(shared_.options.limits);
  const Next received = co_await receive(parser);
  if (received == Next::kEnd) co_return Next::kEnd;
  Request request = parser.take();
  ++shared_.counters.requests;
  const BodyUse body = request.method == "HEAD" ? BodyUse::kOmit : BodyUse::kSend;
  if (body == BodyUse::kOmit) request.method = "GET";
  request.client_gone = [this] { return stream_->peer_gone(); };
  Reply reply = co_await call_handler(std::move(request));
  co_return co_await answer(std::move(reply), parser, body);
}

/// Reads until the parser has a request; answers what is wrong with it otherwise.
net::Task<Session::Next> Session::receive(RequestParser& parser) {
  const std::string left_over = std::exchange(unread_, {});
  unread_ = left_over.substr(parser.feed(left_over));
  Nanos deadline = net::deadline_in(parser.started() ? shared_.options.request_timeout
                                                     : shared_.options.idle_timeout);
  bool invited = false;
  while (parser.state() == ParseState::kNeedMore) {
    if (parser.head_done() && parser.expects_continue() && !std::exchange(invited, true)) {
      const bool written = co_await write("HTTP/1.1 100 Continue\r\n\r\n", 0);
      if (!written) co_return Next::kEnd;
    }
    const bool had_started = parser.started();
    const Next taken = co_await take_bytes(parser, deadline);
    if (taken == Next::kEnd) co_return Next::kEnd;
    if (!had_started) deadline = net::deadline_in(shared_.options.request_timeout);
  }
  if (parser.state() == ParseState::kDone) co_return Next::kGoOn;
  co_return co_await reject_bad(parser);
}

net::Task<Session::Next> Session::take_bytes(RequestParser& parser, Nanos deadline) {
  is_idle_ = !parser.started();
  const net::Outcome<std::size_t> got = co_await stream_->read_some(buffer_, deadline);
  is_idle_ = false;
  if (!got) {
    const bool too_slow = got.error().kind == net::NetFailure::kTimeout && parser.started();
    if (too_slow) co_await reject(408, "the request took too long");
    co_return Next::kEnd;
  }
  const std::string_view bytes(buffer_.data(), *got);
  unread_ = bytes.substr(parser.feed(bytes));
  co_return Next::kGoOn;
}

net::Task<Session::Next> Session::reject_bad(const RequestParser& parser) {
  int status = 400;
  if (parser.state() == ParseState::kHeaderTooLarge) status = 431;
  if (parser.state() == ParseState::kBodyTooLarge) status = 413;
  co_await reject(status, parser.error());
  co_return Next::kEnd;
}

net::Task<void> Session::reject(int status, std::string why) {
  ++shared_.counters.rejected;
  Response response = text_response(status, std::move(why) + "\n");
  response.headers.add("Connection", "close");
  response.headers.add("Date", http_date(system_clock().now()));
  const std::string bytes = serialize(response);
  const net::Outcome<> written = co_await stream_->write_all(bytes, net::deadline_in(kFarewell));
  if (written) co_await close_in_good_order();
}

net::Task<void> Session::refuse() {
  co_await reject(503, "too many connections");
  stream_->close();
}

net::Task<Reply> Session::call_handler(Request request) {
  try {
    co_return co_await shared_.handler(std::move(request));
  } catch (const std::exception& error) {
    co_return text_response(500, std::string(error.what()) + "\n");
  }
}

net::Task<Session::Next> Session::answer(Reply reply, const RequestParser& parser, BodyUse body) {
  switch (reply.kind) {
    case Reply::Kind::kRespond:
      co_return co_await respond(std::move(reply.response), parser.keep_alive(), body,
                                 reply.bytes_per_second);
    case Reply::Kind::kHang:
      co_await hang();
      break;
    case Reply::Kind::kClose:
      break;
    case Reply::Kind::kReset:
      stream_->reset();
      break;
    case Reply::Kind::kRaw: {
      const bool written = co_await write(reply.raw, reply.bytes_per_second);
      if (written) co_await close_in_good_order();
      break;
    }
  }
  co_return Next::kEnd;
}

net::Task<Session::Next> Session::respond(Response response, bool client_keeps, BodyUse body,
                                          std::size_t speed) {
  const bool keep = client_keeps && !shared_.stopping && is_framed_truly(response) &&
                    !response.headers.has_token("Connection", "close");
  if (!response.headers.contains("Connection")) {
    response.headers.add("Connection", keep ? "keep-alive" : "close");
  }
  if (!response.headers.contains("Date")) {
    response.headers.add("Date", http_date(system_clock().now()));
  }
  const std::string bytes = serialize(response, body);
  const bool written = co_await write(bytes, speed);
  if (written && keep) co_return Next::kGoOn;
  if (written) co_await close_in_good_order();
  co_return Next::kEnd;
}

net::Task<bool> Session::write(std::string_view bytes, std::size_t bytes_per_second) {
  const std::size_t steps_per_second = std::chrono::seconds(1) / kTrickle;
  const std::size_t step = bytes_per_second == 0
                               ? bytes.size()
                               : std::max<std::size_t>(1, bytes_per_second / steps_per_second);
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, step);
    const net::Outcome<> written =
        co_await stream_->write_all(piece, net::deadline_in(shared_.options.write_timeout));
    if (!written) co_return false;
    bytes.remove_prefix(piece.size());
    if (bytes.empty()) break;
    const Nanos pause = kTrickle * static_cast<Nanos::rep>(step * steps_per_second) /
                        static_cast<Nanos::rep>(bytes_per_second);
    const bool slept = co_await net::sleep_for(pause);
    if (!slept) co_return false;
  }
  co_return true;
}

net::Task<void> Session::hang() {
  is_idle_ = true;
  if (shared_.stopping) co_return;
  while (true) {
    const net::Outcome<std::size_t> got = co_await stream_->read_some(buffer_, net::kNoDeadline);
    if (!got) co_return;
  }
}

/// Closing while the client's bytes lie unread would be a reset, and could cost it the answer. So
/// say that no more will come, and read on until the client has closed, for a while.
net::Task<void> Session::close_in_good_order() {
  const Nanos deadline = net::deadline_in(kFarewell);
  const net::Outcome<> said = co_await stream_->shutdown(deadline);
  is_idle_ = true;
  while (said) {
    const net::Outcome<std::size_t> got = co_await stream_->read_some(buffer_, deadline);
    if (!got) break;
  }
}

}  // namespace tocsin::http
