#include "harness/promql/complaints.h"

#include <algorithm>

#include "harness/base/utf8.h"

namespace tocsin::promql {

void Complaints::add(TextRange where, std::string message, std::string hint) {
  Error error = input_error({}, std::move(message));
  if (!hint.empty()) error.hints.push_back(std::move(hint));
  add(where, std::move(error));
}

void Complaints::add(TextRange where, Error error) {
  if (full()) return;
  const std::string_view before = text_.substr(0, where.begin);
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  const std::size_t line_end = std::min(text_.find('\n', where.begin), text_.size());
  error.pos.line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
  error.pos.column = static_cast<int>(utf8_length(before.substr(line_begin))) + 1;
  const std::size_t end = std::min<std::size_t>(where.end, line_end);
  const std::size_t marked =
      end > where.begin ? utf8_length(text_.substr(where.begin, end - where.begin)) : 1;
  error.length = static_cast<int>(marked);
  if (line_end - line_begin <= kLongestExcerpt) {
    error.excerpt = text_.substr(line_begin, line_end - line_begin);
  }
  errors_.push_back(std::move(error));
}

}  // namespace tocsin::promql
