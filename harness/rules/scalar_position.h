#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/rules/source_text.h"

/// From an offset in the value of a YAML scalar to the place in the file where it is written:
/// through quotes, escapes, folded lines and block indentation.

namespace tocsin::rules {

class ScalarMap {
 public:
  ScalarMap() = default;
  /// `start` is the byte of `yaml` where the node begins (its anchor or tag, if it has one);
  /// `value` is what the YAML reader made of it. Where that cannot be followed, every offset is
  /// mapped to the scalar's start.
  static ScalarMap of(const SourceText& yaml, std::size_t start, std::string_view value);

  /// The place of the byte `offset` of the value; its end counts.
  SourcePos at(std::size_t offset) const;
  /// The place of a line and column of the value, both from 1 and in characters.
  SourcePos at(int line, int column) const;

 private:
  /// From `offset` to the next run's, the value's characters stand side by side in the file.
  struct Run {
    std::uint32_t offset = 0;
    int line = 0;
    int column = 0;
    int step = 1;  ///< columns a character; 0 within an escape
  };

  std::string file_;
  std::string value_;
  std::vector<Run> runs_;
};

}  // namespace tocsin::rules
