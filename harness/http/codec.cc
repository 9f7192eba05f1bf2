#include "harness/http/codec.h"

#include <algorithm>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "harness/base/check.h"
#include "harness/http/ascii.h"

namespace tocsin::http {
namespace {

namespace beast = boost::beast::http;
using boost::system::error_code;

Headers headers_of(const beast::fields& fields) {
  Headers headers;
  for (const auto& field : fields) {
    headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  return headers;
}

std::size_t count(const Headers& headers, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(),
                    [&](const Header& field) { return equal_ignoring_case(field.name, name); }));
}

/// What Beast lets pass and another reader of the same bytes may take differently. Empty when fine.
std::string_view ambiguity(const Headers& headers) {
  if (count(headers, "Content-Length") > 1) return "more than one Content-Length";
  const std::string_view length = headers.get("Content-Length");
  if (!std::all_of(length.begin(), length.end(), is_digit)) return "a bad Content-Length";
  const std::size_t codings = count(headers, "Transfer-Encoding");
  if (codings > 1 ||
      (codings == 1 && !equal_ignoring_case(headers.get("Transfer-Encoding"), "chunked"))) {
    return "a Transfer-Encoding other than chunked";
  }
  return "";
}

bool is_framed(const Headers& headers) {
  return headers.contains("Content-Length") || headers.contains("Transfer-Encoding");
}

/// Beast's parser with the buffer it wants: it parses heads and chunk sizes only when they are
/// complete, and leaves it to the caller to keep the bytes until then.
template <bool kIsRequest>
class Machine {
 public:
  explicit Machine(Limits limits) : limits_(limits) {
    parser_.header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(limits.header_bytes, std::numeric_limits<std::uint32_t>::max())));
    parser_.body_limit(limits.body_bytes);
  }

  void skip_body() { parser_.skip(true); }

  std::size_t feed(std::string_view bytes) {
    if (state_ != ParseState::kNeedMore) return 0;
    started_ = started_ || !bytes.empty();
    pending_.append(bytes);
    if (has_folded_line(bytes)) {
      fail(ParseState::kBad, "a header line is folded");
      return bytes.size();
    }
    std::size_t used = 0;
    while (state_ == ParseState::kNeedMore && used < pending_.size()) {
      const std::size_t step = put(std::string_view(pending_).substr(used));
      used += step;
      if (step == 0) break;
    }
    // Only a complete message leaves bytes over, and those came with this call.
    const std::size_t left = pending_.size() - used;
    pending_.erase(0, used);
    return state_ == ParseState::kDone ? bytes.size() - left : bytes.size();
  }

  void feed_end() {
    if (state_ != ParseState::kNeedMore) return;
    error_code error;
    if (parser_.got_some()) parser_.put_eof(error);
    if (error || !parser_.is_done()) {
      fail(ParseState::kBad, "the connection closed within the message");
    } else {
      state_ = ParseState::kDone;
    }
  }

  void fail(ParseState state, std::string_view why) {
    state_ = state;
    error_ = why;
  }

  ParseState state() const { return state_; }
  const std::string& error() const { return error_; }
  bool started() const { return started_; }
  bool head_done() const { return parser_.is_header_done(); }
  bool keep_alive() const { return parser_.keep_alive(); }
  const Headers& headers() const { return headers_; }
  Headers take_headers() { return std::move(headers_); }
  const auto& message() const { return parser_.get(); }
  std::string take_body() { return std::move(parser_.get().body()); }

 private:
  std::size_t put(std::string_view bytes) {
    const bool had_head = parser_.is_header_done();
    error_code error;
    const std::size_t used = parser_.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (error && error != beast::error::need_more) {
      fail(error);
    } else if (!had_head && parser_.is_header_done()) {
      // Taken now, since Beast will add trailer fields to the same container.
      parser_.eager(true);
      headers_ = headers_of(parser_.get().base());
      check_head();
    }
    if (state_ == ParseState::kNeedMore && parser_.is_done()) state_ = ParseState::kDone;
    return used;
  }

  void check_head() {
    const unsigned version = parser_.get().version();
    const std::string_view doubt = ambiguity(headers_);
    if (version != 10 && version != 11) {
      fail(ParseState::kBad, "not HTTP/1.0 or HTTP/1.1");
    } else if (!doubt.empty()) {
      fail(ParseState::kBad, doubt);
    } else if (parser_.chunked() && version == 10) {
      fail(ParseState::kBad, "chunked framing in HTTP/1.0");
    }
  }

  void fail(const error_code& error) {
    if (error == beast::error::header_limit) {
      fail(ParseState::kHeaderTooLarge,
           "the headers exceed " + std::to_string(limits_.header_bytes) + " bytes");
    } else if (error == beast::error::body_limit || error == beast::error::buffer_overflow) {
      fail(ParseState::kBodyTooLarge,
           "the body exceeds " + std::to_string(limits_.body_bytes) + " bytes");
    } else {
      fail(ParseState::kBad, error.message());
    }
  }

  /// Whether a line of the head, of which `bytes` are the next, begins with space. Beast would
  /// unfold it.
  bool has_folded_line(std::string_view bytes) {
    for (const char c : bytes) {
      if (line_end_ == 4) break;
      if (line_end_ == 2 && (c == ' ' || c == '\t')) return true;
      const bool continues = c == (line_end_ % 2 == 0 ? '\r' : '\n');
      line_end_ = continues ? line_end_ + 1 : (c == '\r' ? 1 : 0);
    }
    return false;
  }

  Limits limits_;
  beast::parser<kIsRequest, beast::string_body> parser_;
  std::string pending_;
  int line_end_ = 0;  ///< how much of CR LF CR LF the head has just had
  Headers headers_;
  ParseState state_ = ParseState::kNeedMore;
  std::string error_;
  bool started_ = false;
};

}  // namespace

struct RequestParser::Impl : Machine<true> {
  using Machine::Machine;

  /// The rules for requests alone, once the head is there.
  void check_request() {
    const std::string_view target = message().target();
    const bool known_form = target.starts_with('/') || target == "*" ||
                            target.starts_with("http://") || target.starts_with("https://");
    if (!known_form) fail(ParseState::kBad, "the target is neither a path nor a URL");
    if (message().version() == 11 && count(headers(), "Host") != 1) {
      fail(ParseState::kBad, "HTTP/1.1 wants exactly one Host");
    }
  }
  bool checked = false;
};

RequestParser::RequestParser(Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

std::size_t RequestParser::feed(std::string_view bytes) {
  const std::size_t used = impl_->feed(bytes);
  const ParseState now = impl_->state();
  const bool fine = now == ParseState::kNeedMore || now == ParseState::kDone;
  if (fine && impl_->head_done() && !std::exchange(impl_->checked, true)) impl_->check_request();
  return used;
}

ParseState RequestParser::state() const {
  return impl_->state();
}
const std::string& RequestParser::error() const {
  return impl_->error();
}
bool RequestParser::started() const {
  return impl_->started();
}
bool RequestParser::head_done() const {
  return impl_->head_done();
}
bool RequestParser::expects_continue() const {
  return equal_ignoring_case(impl_->headers().get("Expect"), "100-continue");
}
bool RequestParser::keep_alive() const {
  return impl_->keep_alive();
}

Request RequestParser::take() {
  TOCSIN_CHECK(state() == ParseState::kDone, "the request is not complete");
  Request request;
  request.method = std::string(impl_->message().method_string());
  std::string_view target = impl_->message().target();
  if (const std::size_t authority = target.find("://");
      !target.starts_with('/') && authority != std::string_view::npos) {
    const std::size_t path = std::min(target.find_first_of("/?", authority + 3), target.size());
    target.remove_prefix(path);
  }
  request.target = target.starts_with('/') || target == "*" ? "" : "/";
  request.target += target;
  request.headers = impl_->take_headers();
  request.body = impl_->take_body();
  return request;
}

struct ResponseParser::Impl : Machine<false> {
  Impl(std::string_view request_method, Limits with_limits)
      : Machine(with_limits), method(request_method), limits(with_limits) {
    if (request_method == "HEAD") skip_body();
  }
  std::string method;
  Limits limits;
};

ResponseParser::ResponseParser(std::string_view method, Limits limits)
    : impl_(std::make_unique<Impl>(method, limits)) {}
ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;

std::size_t ResponseParser::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (true) {
    used += impl_->feed(bytes.substr(used));
    if (!impl_->head_done()) return used;
    const unsigned status = impl_->message().result_int();
    if (status < 100) impl_->fail(ParseState::kBad, "a status below 100");
    const bool is_interim = status >= 100 && status < 200 && status != 101;
    if (!is_interim || state() != ParseState::kDone) return used;
    impl_ = std::make_unique<Impl>(std::string(impl_->method), impl_->limits);
  }
}

void ResponseParser::feed_end() {
  impl_->feed_end();
}
ParseState ResponseParser::state() const {
  return impl_->state();
}
const std::string& ResponseParser::error() const {
  return impl_->error();
}
bool ResponseParser::started() const {
  return impl_->started();
}
bool ResponseParser::keep_alive() const {
  return impl_->keep_alive() && impl_->message().result_int() != 101;
}

Response ResponseParser::take() {
  TOCSIN_CHECK(state() == ParseState::kDone, "the response is not complete");
  Response response;
  response.status = static_cast<int>(impl_->message().result_int());
  response.reason = std::string(impl_->message().reason());
  response.headers = impl_->take_headers();
  response.body = impl_->take_body();
  return response;
}

namespace {

void append_headers(std::string& bytes, const Headers& headers) {
  for (const Header& field : headers) {
    TOCSIN_CHECK(valid_header(field.name, field.value), "a header that would break the message");
    bytes += field.name;
    bytes += ": ";
    bytes += field.value;
    bytes += "\r\n";
  }
}

void append_length(std::string& bytes, std::size_t length) {
  bytes += "Content-Length: ";
  bytes += std::to_string(length);
  bytes += "\r\n";
}

}  // namespace

std::string serialize(const Request& request) {
  TOCSIN_CHECK(valid_method(request.method) && valid_target(request.target),
               "a method or target that would break the message");
  std::string bytes = request.method + ' ' + request.target + " HTTP/1.1\r\n";
  append_headers(bytes, request.headers);
  const bool wants_length = !request.body.empty() || request.method == "POST" ||
                            request.method == "PUT" || request.method == "PATCH";
  if (wants_length && !is_framed(request.headers)) append_length(bytes, request.body.size());
  bytes += "\r\n";
  bytes += request.body;
  return bytes;
}

std::string serialize(const Response& response, BodyUse body) {
  TOCSIN_CHECK(response.status >= 100 && response.status <= 999 &&
                   (response.reason.empty() || valid_header("x", response.reason)),
               "a status that would break the message");
  std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  bytes += response.reason.empty() ? reason_phrase(response.status) : response.reason;
  bytes += "\r\n";
  append_headers(bytes, response.headers);
  const bool has_body = response.status >= 200 && response.status != 204 && response.status != 304;
  if (has_body && !is_framed(response.headers)) append_length(bytes, response.body.size());
  bytes += "\r\n";
  if (has_body && body == BodyUse::kSend) bytes += response.body;
  return bytes;
}

}  // namespace tocsin::http
