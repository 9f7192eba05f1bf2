#include "harness/traffic/request_text.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "harness/http/message.h"

namespace tocsin::traffic {
namespace {

constexpr std::size_t kRandomDigits = 16;
constexpr std::size_t kUuidDigits = 36;

Error bad_request(const RequestTemplate& request, std::string why) {
  return input_error({}, fmt::format("request \"{}\": {}", request.name, why));
}

Result<std::string> target_of(const RequestTemplate& request, const http::Url& server) {
  const bool bare = request.target.empty() || request.target == "/";
  if (bare) return server.target;
  if (request.target.front() != '/') {
    return bad_request(request, "its target must begin with \"/\"");
  }
  if (server.target.find('?') != std::string::npos) {
    return bad_request(request, "its target cannot follow a URL that has a query");
  }
  const std::string_view base = server.target;
  std::string target(base.substr(0, base.ends_with('/') ? base.size() - 1 : base.size()));
  target += request.target;
  if (!http::valid_target(target)) {
    return bad_request(request, fmt::format("\"{}\" is not a request target", target));
  }
  return target;
}

Result<http::Headers> headers_of(const RequestTemplate& request, const http::Url& server,
                                 bool keep_alive) {
  http::Headers headers;
  for (const auto& [name, value] : request.headers) {
    if (!http::valid_header(name, value)) {
      return bad_request(request, fmt::format("\"{}: {}\" is not a header field", name, value));
    }
    headers.add(name, value);
  }
  if (!headers.contains("Host")) headers.add("Host", server.host_header());
  if (!keep_alive && !headers.contains("Connection")) headers.add("Connection", "close");
  return headers;
}

/// Whether the message needs a Content-Length that the template does not give.
bool wants_length(const RequestTemplate& request, const http::Headers& headers) {
  if (headers.contains("Content-Length") || headers.contains("Transfer-Encoding")) return false;
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
         request.method == "PATCH";
}

void append_uuid(Random& random, std::string& into) {
  const std::uint64_t high = random.bits();
  const std::uint64_t low = random.bits();
  // RFC 9562: version 4, variant 10.
  fmt::format_to(std::back_inserter(into), "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32,
                 high >> 16 & 0xffff, high & 0xfff, (low >> 48 & 0x3fff) | 0x8000,
                 low & 0xffff'ffff'ffff);
}

}  // namespace

Result<RequestText> RequestText::make(const RequestTemplate& request, const http::Url& server,
                                      bool keep_alive) {
  if (!http::valid_method(request.method) || request.method == "CONNECT") {
    return bad_request(request, fmt::format("the method \"{}\" cannot be used", request.method));
  }
  TRY(const std::string target, target_of(request, server));
  TRY(const http::Headers headers, headers_of(request, server, keep_alive));
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", request.method, target);
  for (const auto& [name, value] : headers) head += fmt::format("{}: {}\r\n", name, value);

  RequestText made;
  made.answer_to_ = request.method == "HEAD" ? http::AnswerTo::kHead : http::AnswerTo::kGet;
  made.head_ = cut(head);
  made.body_ = cut(request.body);
  const bool fixed = made.head_.size() == 1 && made.body_.size() == 1;
  if (wants_length(request, headers)) {
    made.head_.back().text += "Content-Length: ";
    made.head_.back().hole = Hole::kBodyLength;
    made.head_.push_back({"\r\n"});
  }
  made.head_.back().text += "\r\n";
  if (fixed) {
    Random unused(0);
    std::string buffer;
    made.ready_ = made.render(0, unused, buffer);
  }
  return made;
}

/// The last piece has no hole.
RequestText::Pieces RequestText::cut(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, Hole>, 3> kHoles = {
      {{"{seq}", Hole::kSeq}, {"{random}", Hole::kRandom}, {"{uuid}", Hole::kUuid}}};
  Pieces pieces(1);
  while (!text.empty()) {
    Hole hole = Hole::kNone;
    for (const auto& [name, kind] : kHoles) {
      if (!text.starts_with(name)) continue;
      hole = kind;
      text.remove_prefix(name.size());
      break;
    }
    if (hole == Hole::kNone) {
      pieces.back().text += text.front();
      text.remove_prefix(1);
    } else {
      pieces.back().hole = hole;
      pieces.emplace_back();
    }
  }
  return pieces;
}

std::size_t RequestText::length(const Pieces& pieces, std::uint64_t seq) {
  std::size_t total = 0;
  for (const Piece& piece : pieces) {
    total += piece.text.size();
    if (piece.hole == Hole::kSeq) total += fmt::formatted_size("{}", seq);
    if (piece.hole == Hole::kRandom) total += kRandomDigits;
    if (piece.hole == Hole::kUuid) total += kUuidDigits;
  }
  return total;
}

void RequestText::append(const Pieces& pieces, std::uint64_t seq, Random& random,
                         std::string& into) const {
  for (const Piece& piece : pieces) {
    into += piece.text;
    switch (piece.hole) {
      case Hole::kNone:
        break;
      case Hole::kSeq:
        fmt::format_to(std::back_inserter(into), "{}", seq);
        break;
      case Hole::kRandom:
        fmt::format_to(std::back_inserter(into), "{:016x}", random.bits());
        break;
      case Hole::kUuid:
        append_uuid(random, into);
        break;
      case Hole::kBodyLength:
        fmt::format_to(std::back_inserter(into), "{}", length(body_, seq));
        break;
    }
  }
}

std::string_view RequestText::render(std::uint64_t seq, Random& random, std::string& buffer) const {
  if (!ready_.empty()) return ready_;
  buffer.clear();
  append(head_, seq, random, buffer);
  append(body_, seq, random, buffer);
  return buffer;
}

}  // namespace tocsin::traffic
