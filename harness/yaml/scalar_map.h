#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/yaml/source_text.h"

/// From an offset in the value of a YAML scalar to the place in the file where it is written:
/// through quotes, escapes, folded lines and block indentation.

namespace tocsin::yaml {

class ScalarMap {
 public:
  ScalarMap() = default;
  /// `start` is the byte of the source where the node begins (its anchor or tag, if it has one);
  /// `value` is what the YAML reader made of it. Where that cannot be followed, every offset is
  /// mapped to the scalar's start.
  ScalarMap(std::shared_ptr<const SourceText> source, std::size_t start, std::string_view value);

  /// The source's byte where the scalar begins behind anchor and tag: the quote, the "|" or the
  /// first character.
  std::size_t start() const { return start_; }
  /// The source's byte for the byte `offset` of the value; its end counts.
  std::size_t source_offset(std::size_t offset) const;
  /// The place of the byte `offset` of the value.
  SourcePos at(std::size_t offset) const;
  /// The place of a line and column of the value, both from 1 and in characters.
  SourcePos at(int line, int column) const;

 private:
  /// From `offset` to the next run's, the value's bytes stand side by side in the file.
  struct Run {
    std::uint32_t offset = 0;
    std::uint32_t source = 0;
    bool moves = true;  ///< not within an escape
  };

  std::shared_ptr<const SourceText> source_;
  std::string value_;
  std::size_t start_ = 0;
  std::vector<Run> runs_;
};

}  // namespace tocsin::yaml
