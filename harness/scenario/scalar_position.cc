#include "harness/scenario/scalar_position.h"

#include <algorithm>

namespace tocsin::scenario {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::size_t utf8_size(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/// Bytes of a double-quoted scalar's escape, from the backslash on.
std::size_t escape_size(std::string_view rest) {
  if (rest.size() < 2) return rest.size();
  switch (rest[1]) {
    case 'x':
      return 4;
    case 'u':
      return 6;
    case 'U':
      return 10;
    default:
      return 2;
  }
}

/// Walks value and source side by side. White space may differ between them (folded lines,
/// indentation), but only white space, and a run of it ends at the same character in both.
class Walk {
 public:
  Walk(std::string_view source, std::size_t at, std::string_view value)
      : source_(source), value_(value), at_(at) {}

  std::size_t find(std::size_t wanted) {
    quote_ = at_ < source_.size() ? source_[at_] : '\0';
    if (quote_ == '|' || quote_ == '>') {
      at_ = std::min(source_.find('\n', at_), source_.size() - 1) + 1;
    } else if (quote_ == '"' || quote_ == '\'') {
      ++at_;
    } else {
      quote_ = '\0';
    }
    std::size_t done = 0;
    while (done < value_.size() && at_ < source_.size()) {
      const std::size_t step = skips_space() ? space_run(done) : character(done);
      if (wanted < done + step) return place_in_step(wanted - done, step);
      done += step;
      at_ += width_;
    }
    return std::min(at_, source_.size());
  }

 private:
  /// A backslash at the end of a line joins it with the next.
  bool joins_lines(std::size_t at) const {
    return quote_ == '"' && source_[at] == '\\' && at + 1 < source_.size() &&
           (source_[at + 1] == '\n' || source_[at + 1] == '\r');
  }
  bool skips_space() const { return is_space(source_[at_]) || joins_lines(at_); }

  /// Sets width_ to the source's run; returns the length of the value's.
  std::size_t space_run(std::size_t done) {
    is_run_ = true;
    std::size_t end = at_;
    bool broken = false;
    while (end < source_.size() && (is_space(source_[end]) || joins_lines(end))) {
      broken = broken || source_[end] == '\n';
      ++end;
    }
    width_ = end - at_;
    std::size_t length = 0;
    while (done + length < value_.size() && is_space(value_[done + length])) ++length;
    return broken ? length : std::min(length, width_);
  }

  std::size_t character(std::size_t done) {
    is_run_ = false;
    width_ = utf8_size(static_cast<unsigned char>(source_[at_]));
    if (quote_ == '"' && source_[at_] == '\\') width_ = escape_size(source_.substr(at_));
    if (quote_ == '\'' && source_[at_] == '\'') width_ = 2;
    return std::min(utf8_size(static_cast<unsigned char>(value_[done])), value_.size() - done);
  }

  /// Runs are aligned at their ends: what differs is line breaks and indentation before.
  std::size_t place_in_step(std::size_t nth, std::size_t step) const {
    if (!is_run_) return at_;
    const std::size_t from_end = step - nth;
    return from_end <= width_ ? at_ + width_ - from_end : at_;
  }

  std::string_view source_;
  std::string_view value_;
  std::size_t at_;
  char quote_ = '\0';
  std::size_t width_ = 0;  ///< of the current step in the source
  bool is_run_ = false;
};

}  // namespace

std::size_t scalar_start(std::string_view source, std::size_t start) {
  std::size_t at = start;
  while (at < source.size() && (source[at] == '&' || source[at] == '!')) {
    while (at < source.size() && !is_space(source[at])) ++at;
    while (at < source.size() && is_space(source[at])) ++at;
  }
  return at;
}

std::size_t source_offset(std::string_view source, std::size_t start, std::string_view value,
                          std::size_t value_offset) {
  return Walk(source, scalar_start(source, start), value).find(value_offset);
}

}  // namespace tocsin::scenario
