#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace tocsin::yaml {

/// A file's text, indexed so that finding a place costs the same wherever it is, also in a file of
/// one long line.
class SourceText {
 public:
  SourceText(std::string file, std::string bytes);

  const std::string& file() const { return file_; }
  std::string_view text() const { return text_; }
  /// Of a byte; past the end, the end.
  SourcePos position(std::size_t offset) const;
  /// Without its line break; from 1. Empty when there is no such line.
  std::string_view line(int number) const;
  /// Offset of an existing line's first byte.
  std::size_t line_start(int number) const;
  /// An input error at a byte, with its line as the excerpt.
  Error error(std::size_t offset, std::string message, int length = 1) const;
  /// The line to show with an error; empty when it is too long to be shown.
  std::string excerpt(int number) const;

 private:
  std::size_t characters_before(std::size_t offset) const;

  std::string file_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
  std::vector<std::size_t> characters_;  ///< before each block of bytes
};

}  // namespace tocsin::yaml
