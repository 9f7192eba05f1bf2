#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::http {

enum class AnswerTo { kGet, kHead };

/// Follows the framing of one HTTP/1.x response (RFC 9112) over bytes fed piece by piece, keeping
/// only what a load generator counts. Strict: what the full parser (codec.h) refuses, this refuses.
class ResponseScanner {
 public:
  static constexpr std::size_t kMaxHeadBytes = 64 * 1024;

  explicit ResponseScanner(AnswerTo kind = AnswerTo::kGet) { restart(kind); }
  /// Ready for the next response; keeps its buffers.
  void restart(AnswerTo kind);

  /// Takes the bytes that belong to this response and says how many. Body bytes are appended to
  /// `body`, if given, until it holds `body_limit`.
  std::size_t feed(std::string_view bytes, std::string* body = nullptr, std::size_t body_limit = 0);
  /// The peer closed the connection: ends a body without length; otherwise bad() follows.
  void feed_end();

  /// Whether any byte has arrived.
  bool started() const { return started_; }
  bool done() const { return state_ == State::kDone; }
  bool bad() const { return state_ == State::kBad; }
  /// A short reason, when bad().
  std::string_view error() const { return error_; }

  int status() const { return status_; }
  std::size_t body_bytes() const { return body_bytes_; }
  /// Whether the connection may be used again. Valid when done().
  bool keep_alive() const { return keep_alive_; }

 private:
  enum class State {
    kHead,
    kLength,
    kUntilClose,
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailer,
    kDone,
    kBad
  };

  std::size_t feed_head(std::string_view bytes);
  std::size_t feed_body(std::string_view bytes, std::string* body, std::size_t body_limit);
  std::size_t feed_line(std::string_view bytes);
  void begin_head();
  void scan_head(std::string_view head);
  bool scan_status_line(std::string_view line);
  bool scan_field(std::string_view line);
  bool scan_connection(std::string_view value);
  bool scan_length(std::string_view value);
  bool scan_coding(std::string_view value);
  void begin_body();
  void end_line(std::string_view line);
  void scan_chunk_size(std::string_view line);
  void scan_trailer(std::string_view line);
  void fail(std::string_view why);

  State state_ = State::kHead;
  AnswerTo kind_ = AnswerTo::kGet;
  std::string partial_;  ///< a head or line that has not arrived whole
  std::uint64_t remaining_ = 0;
  std::size_t body_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  int status_ = 0;
  bool started_ = false;
  bool keep_alive_ = true;
  bool closes_ = false;
  bool http_1_0_ = false;
  bool chunked_ = false;
  bool has_length_ = false;
  std::string_view error_;
};

}  // namespace tocsin::http
