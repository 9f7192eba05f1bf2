#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "harness/http/message.h"

/// HTTP/1.1 messages from and to bytes (RFC 9112), without sockets.

namespace tocsin::http {

struct Limits {
  std::size_t header_bytes = 64 * 1024;
  std::size_t body_bytes = 16 * 1024 * 1024;  ///< after removing the chunk framing
};

enum class ParseState {
  kNeedMore,        ///< feed further bytes
  kDone,            ///< the message is complete
  kBad,             ///< not HTTP; error() says why
  kHeaderTooLarge,  ///< answer 431
  kBodyTooLarge,    ///< answer 413
};

/// One request. Feed bytes as they come; feed() says how many of them belonged to this message, and
/// what is left belongs to the next one. Refuses what could be read in two ways: Content-Length
/// beside Transfer-Encoding, repeated or signed lengths, codings other than chunked, header lines
/// that are folded or have space before the colon; also HTTP/1.1 without exactly one Host.
class RequestParser {
 public:
  explicit RequestParser(Limits limits = {});
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  std::size_t feed(std::string_view bytes);
  ParseState state() const;
  /// One line, when the state is kBad or beyond.
  const std::string& error() const;
  /// Whether any byte of a message has arrived.
  bool started() const;
  /// The headers are complete, the body perhaps not.
  bool head_done() const;
  /// The client waits for "100 Continue" before it sends the body. Valid from head_done().
  bool expects_continue() const;
  /// Whether the connection may serve another request. Valid from head_done().
  bool keep_alive() const;
  /// Valid once, in kDone.
  Request take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One response to a request whose method was `method` (a response to HEAD has no body); interim
/// 1xx responses are skipped.
class ResponseParser {
 public:
  explicit ResponseParser(std::string_view method = "GET", Limits limits = {});
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser& operator=(ResponseParser&&) noexcept;

  std::size_t feed(std::string_view bytes);
  /// The peer closed the connection: this ends a body without length, or is an error.
  void feed_end();
  ParseState state() const;
  const std::string& error() const;
  bool started() const;
  bool keep_alive() const;
  Response take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The bytes of a request. Adds Content-Length when there is a body or the method wants one, unless
/// the headers frame the body themselves. The caller sets Host.
std::string serialize(const Request& request);

enum class BodyUse {
  kSend,
  kOmit,  ///< the answer to HEAD: the headers as for GET, no body
};
/// The bytes of a response, with Content-Length unless the status forbids a body.
std::string serialize(const Response& response, BodyUse body = BodyUse::kSend);

}  // namespace tocsin::http
