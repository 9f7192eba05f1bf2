#include "harness/base/error.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <tuple>

#include "harness/base/check.h"
#include "harness/base/utf8.h"

namespace tocsin {

void check_failed(const char* condition, const char* why, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: internal error: %s (%s)\n", file, line, why, condition);
  std::abort();
}

std::string to_string(const SourcePos& pos) {
  std::string text = pos.file;
  if (pos.line > 0) {
    if (!text.empty()) text += ':';
    text += std::to_string(pos.line);
    if (pos.column > 0) text += ':' + std::to_string(pos.column);
  }
  return text;
}

Error input_error(SourcePos pos, std::string message, int length) {
  Error error;
  error.kind = ErrorKind::kInput;
  error.message = std::move(message);
  error.pos = std::move(pos);
  error.length = length;
  return error;
}

Error io_error(std::string message) {
  Error error;
  error.kind = ErrorKind::kIo;
  error.message = std::move(message);
  return error;
}

namespace {

/// Lines longer than this are cut around the caret.
constexpr std::size_t kExcerptWidth = 160;

std::string caret_lines(const Error& error) {
  // Work on code points, so that the caret stands under the right character.
  const std::vector<std::string_view> chars = utf8_characters(error.excerpt);
  const std::size_t caret =
      error.pos.column > 0 ? static_cast<std::size_t>(error.pos.column - 1) : 0;
  const std::size_t first = caret > kExcerptWidth - 40 ? caret - (kExcerptWidth - 40) : 0;
  const std::size_t last = std::min(chars.size(), first + kExcerptWidth);
  std::string line = "    ";
  std::string mark = "    ";
  if (first > 0) {
    line += "…";
    mark += ' ';
  }
  for (std::size_t i = first; i < last; ++i) {
    // One column each, so that the caret stays where it belongs.
    const bool control = chars[i].size() == 1 && static_cast<unsigned char>(chars[i][0]) < 0x20;
    line += control ? std::string_view(" ") : chars[i];
    if (i < caret) mark += ' ';
  }
  if (last < chars.size()) line += "…";
  if (error.pos.column <= 0) return line + '\n';
  const std::size_t room = last > caret ? last - caret : 1;
  const std::size_t length = std::clamp<std::size_t>(error.length > 0 ? error.length : 1, 1, room);
  mark += '^';
  mark.append(length - 1, '~');
  return line + '\n' + mark + '\n';
}

/// A message may quote what the user wrote, however long.
std::string shown(const std::string& text) {
  constexpr std::size_t kLongest = 500;
  const std::vector<std::string_view> characters = utf8_characters(text);
  if (characters.size() <= kLongest) return printable(text);
  const auto bytes = static_cast<std::size_t>(characters[kLongest].data() - text.data());
  return printable(std::string_view(text).substr(0, bytes)) + "…";
}

}  // namespace

std::string render(const Error& error) {
  std::string text = printable(to_string(error.pos));
  if (!text.empty()) text += ": ";
  text += "error: " + shown(error.message) + '\n';
  if (!error.excerpt.empty()) text += caret_lines(error);
  for (const std::string& hint : error.hints) text += "  hint: " + shown(hint) + '\n';
  for (const std::string& context : error.context) text += "  " + shown(context) + '\n';
  return text;
}

std::string to_string(const Error& error) {
  const std::string pos = to_string(error.pos);
  return pos.empty() ? error.message : pos + ": " + error.message;
}

TocsinError::TocsinError(Error error) : error_(std::move(error)), text_(to_string(error_)) {}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw TocsinError(error);
}

void Diagnostics::add(Error error) {
  if (errors_.size() < kKept) errors_.push_back(std::move(error));
}

void Diagnostics::add(std::vector<Error> errors) {
  for (Error& error : errors) add(std::move(error));
}

std::vector<Error> Diagnostics::sorted() const {
  std::map<std::string, std::size_t> file_rank;
  for (const Error& error : errors_) file_rank.emplace(error.pos.file, file_rank.size());
  std::vector<Error> sorted = errors_;
  std::stable_sort(sorted.begin(), sorted.end(), [&](const Error& a, const Error& b) {
    return std::tuple(file_rank.at(a.pos.file), a.pos.line, a.pos.column) <
           std::tuple(file_rank.at(b.pos.file), b.pos.line, b.pos.column);
  });
  return sorted;
}

std::string Diagnostics::render() const {
  std::string text;
  for (const Error& error : sorted()) text += tocsin::render(error);
  if (errors_.size() > 1) {
    text += std::to_string(errors_.size());
    text += errors_.size() == kKept ? " errors or more\n" : " errors\n";
  }
  return text;
}

}  // namespace tocsin
