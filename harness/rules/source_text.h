#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace tocsin::rules {

/// A file's text with an index of its lines, so that finding a place costs no pass over the text.
class SourceText {
 public:
  /// `text` stays with the caller.
  SourceText(std::string file, std::string_view text);

  const std::string& file() const { return file_; }
  std::string_view text() const { return text_; }
  /// Of the byte `offset`; columns count characters.
  SourcePos position(std::size_t offset) const;
  /// Line number `line`, from 1, without its end; empty when there is no such line.
  std::string_view line(int line) const;

 private:
  std::string file_;
  std::string_view text_;
  std::vector<std::size_t> starts_;  ///< of the lines
};

}  // namespace tocsin::rules
