#include "harness/http/response_scanner.h"

#include <algorithm>
#include <charconv>

#include "harness/http/ascii.h"

namespace tocsin::http {
namespace {

/// Chunk sizes and trailer lines longer than this are nobody's.
constexpr std::size_t kMaxLineBytes = 8 * 1024;

void skip_space(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

/// Takes `c`, with space around it, off the front.
bool take(std::string_view& text, char c) {
  std::string_view rest = text;
  skip_space(rest);
  if (rest.empty() || rest.front() != c) return false;
  rest.remove_prefix(1);
  skip_space(rest);
  text = rest;
  return true;
}

bool take_token(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && is_token_character(text[size])) ++size;
  text.remove_prefix(size);
  return size > 0;
}

/// After the opening quote.
bool take_quoted(std::string_view& text) {
  for (std::size_t i = 0; i < text.size() && is_value_character(text[i]); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\') ++i;
  }
  return false;
}

/// *( ";" name [ "=" value ] ), with space allowed around the marks (RFC 9112, section 7.1.1).
/// Nobody uses chunk extensions, but bytes that only look like them are worth a complaint.
bool are_chunk_extensions(std::string_view text) {
  while (!text.empty()) {
    if (!take(text, ';') || !take_token(text)) return false;
    if (!take(text, '=')) continue;
    const bool quoted = text.starts_with('"');
    if (quoted) text.remove_prefix(1);
    if (!(quoted ? take_quoted(text) : take_token(text))) return false;
  }
  return true;
}

}  // namespace

void ResponseScanner::restart(AnswerTo kind) {
  state_ = State::kHead;
  kind_ = kind;
  partial_.clear();
  remaining_ = 0;
  body_bytes_ = 0;
  trailer_bytes_ = 0;
  status_ = 0;
  error_ = {};
  started_ = false;
  begin_head();
}

void ResponseScanner::begin_head() {
  keep_alive_ = true;
  closes_ = false;
  http_1_0_ = false;
  chunked_ = false;
  has_length_ = false;
}

std::size_t ResponseScanner::feed(std::string_view bytes, std::string* body,
                                  std::size_t body_limit) {
  started_ = started_ || !bytes.empty();
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::kDone && state_ != State::kBad) {
    const std::string_view rest = bytes.substr(used);
    switch (state_) {
      case State::kHead:
        used += feed_head(rest);
        break;
      case State::kLength:
      case State::kUntilClose:
      case State::kChunkData:
        used += feed_body(rest, body, body_limit);
        break;
      default:
        used += feed_line(rest);
    }
  }
  return used;
}

void ResponseScanner::feed_end() {
  if (state_ == State::kUntilClose) {
    state_ = State::kDone;
  } else if (state_ != State::kDone && state_ != State::kBad) {
    fail("the connection closed within the response");
  }
}

std::size_t ResponseScanner::feed_head(std::string_view bytes) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t held = partial_.size();
  if (held == 0) {
    // Nearly always the whole head comes at once, and is read where it lies.
    const std::size_t end = bytes.find(kEnd);
    if (end != std::string_view::npos && end + kEnd.size() <= kMaxHeadBytes) {
      scan_head(bytes.substr(0, end + 2));
      return end + kEnd.size();
    }
  }
  partial_.append(bytes.substr(0, std::min(bytes.size(), kMaxHeadBytes + 1 - held)));
  const std::size_t end = partial_.find(kEnd, held < kEnd.size() ? 0 : held - kEnd.size() + 1);
  if (end == std::string::npos) {
    if (partial_.size() > kMaxHeadBytes) fail("the headers are too large");
    return partial_.size() - held;
  }
  partial_.resize(end + kEnd.size());
  const std::size_t used = partial_.size() - held;
  scan_head(std::string_view(partial_).substr(0, end + 2));
  partial_.clear();
  return used;
}

/// `head` is status line and fields, each with its line end.
void ResponseScanner::scan_head(std::string_view head) {
  bool is_status_line = true;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (!(is_status_line ? scan_status_line(line) : scan_field(line))) return;
    is_status_line = false;
  }
  if (chunked_ && has_length_) return fail("both Content-Length and Transfer-Encoding");
  if (chunked_ && http_1_0_) return fail("chunked framing in HTTP/1.0");
  begin_body();
}

/// "HTTP/1.1 200 OK"; the reason may be empty, the space before it may not.
bool ResponseScanner::scan_status_line(std::string_view line) {
  const bool is_1_1 = line.starts_with("HTTP/1.1 ");
  http_1_0_ = line.starts_with("HTTP/1.0 ");
  if ((!is_1_1 && !http_1_0_) || line.size() < 13 || line[12] != ' ' || line[9] == '0' ||
      !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) ||
      !std::all_of(line.begin() + 13, line.end(), is_value_character)) {
    fail("a bad status line");
    return false;
  }
  status_ = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  keep_alive_ = is_1_1;
  return true;
}

bool ResponseScanner::scan_field(std::string_view line) {
  std::size_t colon = 0;
  while (colon < line.size() && is_token_character(line[colon])) ++colon;
  const std::string_view name = line.substr(0, colon);
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    fail("a bad header name");
    return false;
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), is_value_character)) {
    fail("a bad header value");
    return false;
  }
  switch (name.size()) {
    case 10:
      return !equal_ignoring_case(name, "Connection") || scan_connection(value);
    case 14:
      return !equal_ignoring_case(name, "Content-Length") || scan_length(value);
    case 17:
      return !equal_ignoring_case(name, "Transfer-Encoding") || scan_coding(value);
    default:
      return true;
  }
}

bool ResponseScanner::scan_connection(std::string_view value) {
  if (!is_token_list(value)) {
    fail("a bad Connection header");
    return false;
  }
  if (names_token(value, "close")) {
    keep_alive_ = false;
    closes_ = true;
  } else if (!closes_ && names_token(value, "keep-alive")) {
    keep_alive_ = true;
  }
  return true;
}

bool ResponseScanner::scan_length(std::string_view value) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), remaining_);
  const bool good = error == std::errc() && end == value.data() + value.size();
  if (!good || has_length_) fail(good ? "more than one Content-Length" : "a bad Content-Length");
  has_length_ = true;
  return good && state_ != State::kBad;
}

bool ResponseScanner::scan_coding(std::string_view value) {
  if (chunked_ || !equal_ignoring_case(value, "chunked")) {
    fail("a Transfer-Encoding other than chunked");
    return false;
  }
  chunked_ = true;
  return true;
}

void ResponseScanner::begin_body() {
  if (status_ < 200 && status_ != 101) {
    begin_head();
  } else if (status_ == 101) {
    keep_alive_ = false;
    state_ = State::kDone;
  } else if (kind_ == AnswerTo::kHead || status_ == 204 || status_ == 304) {
    state_ = State::kDone;
  } else if (chunked_) {
    state_ = State::kChunkSize;
  } else if (has_length_) {
    state_ = remaining_ == 0 ? State::kDone : State::kLength;
  } else {
    keep_alive_ = false;
    state_ = State::kUntilClose;
  }
}

std::size_t ResponseScanner::feed_body(std::string_view bytes, std::string* body,
                                       std::size_t body_limit) {
  const std::size_t size = state_ == State::kUntilClose
                               ? bytes.size()
                               : std::min<std::uint64_t>(bytes.size(), remaining_);
  if (body != nullptr && body->size() < body_limit) {
    body->append(bytes.substr(0, std::min(size, body_limit - body->size())));
  }
  body_bytes_ += size;
  if (state_ == State::kUntilClose) return size;
  remaining_ -= size;
  if (remaining_ == 0) state_ = state_ == State::kLength ? State::kDone : State::kChunkEnd;
  return size;
}

std::size_t ResponseScanner::feed_line(std::string_view bytes) {
  const std::size_t newline = bytes.find('\n');
  const std::size_t size = newline == std::string_view::npos ? bytes.size() : newline + 1;
  if (partial_.size() + size > kMaxLineBytes) {
    fail("a line of the chunk framing is too long");
    return size;
  }
  if (newline == std::string_view::npos) {
    partial_.append(bytes);
    return size;
  }
  std::string_view line = bytes.substr(0, size);
  if (!partial_.empty()) line = partial_.append(line);
  if (line.ends_with("\r\n")) {
    end_line(line.substr(0, line.size() - 2));
  } else {
    fail("a line that does not end in CR LF");
  }
  partial_.clear();
  return size;
}

void ResponseScanner::end_line(std::string_view line) {
  switch (state_) {
    case State::kChunkSize:
      return scan_chunk_size(line);
    case State::kChunkEnd:
      state_ = State::kChunkSize;
      if (!line.empty()) fail("a chunk longer than its size");
      return;
    default:
      trailer_bytes_ += line.size() + 2;
      if (line.empty()) {
        state_ = State::kDone;
      } else if (trailer_bytes_ > kMaxHeadBytes) {
        fail("the trailers are too large");
      } else {
        scan_trailer(line);
      }
  }
}

void ResponseScanner::scan_chunk_size(std::string_view line) {
  const char* const last = line.data() + line.size();
  const auto [end, error] = std::from_chars(line.data(), last, remaining_, 16);
  const std::string_view rest(end, static_cast<std::size_t>(last - end));
  if (error != std::errc() || !are_chunk_extensions(rest)) return fail("a bad chunk size");
  state_ = remaining_ == 0 ? State::kTrailer : State::kChunkData;
}

/// A trailer must be a field, but says nothing about framing any more.
void ResponseScanner::scan_trailer(std::string_view line) {
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view name = line.substr(0, colon);
  if (name.empty() || colon == line.size() ||
      !std::all_of(name.begin(), name.end(), is_token_character) ||
      !std::all_of(line.begin(), line.end(), is_value_character)) {
    fail("a bad trailer");
  }
}

void ResponseScanner::fail(std::string_view why) {
  state_ = State::kBad;
  error_ = why;
  keep_alive_ = false;
}

}  // namespace tocsin::http
