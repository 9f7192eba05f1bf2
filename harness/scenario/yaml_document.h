#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

/// YAML as a tree of values that know where they stand. Hostile files are harmless: size, depth and
/// the growth of aliases are bounded.

namespace tocsin::scenario {

/// A text file with its lines.
struct SourceText {
  SourceText(std::string file_name, std::string bytes);

  /// Of a byte.
  SourcePos position(std::size_t offset) const;
  /// Without its line break; from 1.
  std::string_view line(int number) const;

  std::string file;
  std::string text;
  std::vector<std::size_t> line_starts;
};

struct YamlNode;
/// Aliases share their node.
using YamlPtr = std::shared_ptr<const YamlNode>;

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry {
    YamlPtr key;  ///< a scalar
    YamlPtr value;
  };

  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  /// The value of a map's key; null when this is no map or has no such key.
  const YamlNode* find(std::string_view key) const;

  SourcePos pos() const { return source->position(offset); }
  /// An error at this node: the caret marks a scalar as far as its first line goes.
  Error error(std::string message) const;
  /// Gives an error whose position is within this scalar's text (line and column from 1) its place
  /// in the file.
  Error error_within(Error error) const;
  /// Where a byte of the scalar's text stands.
  SourcePos pos_within(std::size_t text_offset) const;

  Kind kind = Kind::kNull;
  std::string text;            ///< of a scalar, unquoted
  bool plain = false;          ///< a scalar without quotes, so that 5 is a number
  std::vector<YamlPtr> items;  ///< of a list
  std::vector<Entry> entries;  ///< of a map, in file order; keys unique, merge keys (<<) resolved
  std::size_t weight = 1;      ///< nodes below and including this one, aliases counted each time
  std::shared_ptr<const SourceText> source;
  std::size_t offset = 0;  ///< in the source, of its first character
};

inline constexpr std::size_t kLargestYamlFile = 1 << 20;  ///< bytes
inline constexpr int kDeepestYaml = 48;
inline constexpr std::size_t kMostYamlNodes = 100'000;  ///< with aliases expanded
inline constexpr int kDeepestInclude = 16;
inline constexpr int kMostIncludes = 64;

/// One document. Null when the text is not usable YAML; then the reason is in `diagnostics`.
/// Duplicate keys and odd tags are reported too, but leave a tree.
YamlPtr parse_yaml(std::string file, std::string text, Diagnostics& diagnostics);
YamlPtr load_yaml(const std::string& path, Diagnostics& diagnostics);

/// `node`, or if its map has the key `include` (a path or a list of paths, relative to the file
/// that it stands in): the included files' maps with the node's own keys laid over them. Maps are
/// joined key by key, all else is replaced; a key that two sibling files set differently is
/// refused. Null when a file cannot be read.
YamlPtr resolve_includes(YamlPtr node, Diagnostics& diagnostics);

}  // namespace tocsin::scenario
