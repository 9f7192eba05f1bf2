#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "harness/base/error.h"
#include "harness/yaml/node.h"

/// YAML as a tree of values that know where they stand. Hostile files are harmless: size, depth and
/// the growth of aliases are bounded.

namespace tocsin::yaml {

inline constexpr std::size_t kLargestFile = 1 << 20;  ///< bytes
inline constexpr int kDeepest = 48;
inline constexpr std::size_t kMostValues = 100'000;  ///< with aliases expanded

/// One document. Null when the text is not usable YAML, or has no value; then the reason is in
/// `diagnostics`. Duplicate keys and odd tags are reported too, but leave a tree.
NodePtr parse(std::string file, std::string text, Diagnostics& diagnostics);
NodePtr load(const std::string& path, Diagnostics& diagnostics);

/// What a file that belongs to another program may hold: that program's own bounds count.
struct Bounds {
  std::size_t largest_file = kLargestFile;
  std::size_t most_values = kMostValues;
};

struct ForeignDocument {
  NodePtr root;                       ///< null when unusable or empty
  std::optional<SourcePos> followed;  ///< where the value of a second document begins
};

/// The first document of another program's file. It may be empty and may be followed by others, its
/// keys need not be scalars, and tags mean nothing.
ForeignDocument parse_foreign(std::string file, std::string text, const Bounds& bounds,
                              Diagnostics& diagnostics);

}  // namespace tocsin::yaml
