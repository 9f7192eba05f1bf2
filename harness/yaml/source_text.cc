#include "harness/yaml/source_text.h"

#include <algorithm>

namespace tocsin::yaml {
namespace {

constexpr std::size_t kBlock = 1024;
/// Each error keeps its line, and a thousand errors may be kept.
constexpr std::size_t kLongestExcerpt = 1 << 16;

/// Counts the bytes that begin a character of UTF-8.
std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

SourceText::SourceText(std::string file, std::string bytes)
    : file_(std::move(file)), text_(std::move(bytes)), line_starts_{0}, characters_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
  for (std::size_t block = 0; block + kBlock <= text_.size(); block += kBlock) {
    characters_.push_back(characters_.back() + count_characters(text().substr(block, kBlock)));
  }
}

std::size_t SourceText::characters_before(std::size_t offset) const {
  const std::size_t block = offset / kBlock;
  return characters_[block] + count_characters(text().substr(block * kBlock, offset % kBlock));
}

SourcePos SourceText::position(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const std::size_t column = characters_before(offset) - characters_before(*(next - 1));
  return {file_, static_cast<int>(next - line_starts_.begin()), static_cast<int>(column) + 1};
}

std::string_view SourceText::line(int number) const {
  if (number < 1 || static_cast<std::size_t>(number) > line_starts_.size()) return {};
  std::string_view rest = text().substr(line_start(number));
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

std::size_t SourceText::line_start(int number) const {
  return line_starts_[static_cast<std::size_t>(number) - 1];
}

Error SourceText::error(std::size_t offset, std::string message, int length) const {
  Error error = input_error(position(offset), std::move(message), length);
  error.excerpt = excerpt(error.pos.line);
  return error;
}

std::string SourceText::excerpt(int number) const {
  const std::string_view whole = line(number);
  return whole.size() > kLongestExcerpt ? std::string() : std::string(whole);
}

}  // namespace tocsin::yaml
