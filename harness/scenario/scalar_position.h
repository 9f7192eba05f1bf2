#pragma once

#include <cstddef>
#include <string_view>

namespace tocsin::scenario {

/// Where a byte of a YAML scalar's value stands in the source: the inverse of unquoting, unescaping
/// and folding. `start` is the offset of the node (its tag or anchor, if it has one). Past the
/// value's end: just behind its last character.
std::size_t source_offset(std::string_view source, std::size_t start, std::string_view value,
                          std::size_t value_offset);

/// Offset of the scalar's first byte behind tag and anchor: the quote, the "|" or the first
/// character.
std::size_t scalar_start(std::string_view source, std::size_t start);

}  // namespace tocsin::scenario
