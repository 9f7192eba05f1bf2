#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/yaml/scalar_map.h"
#include "harness/yaml/source_text.h"

namespace tocsin::yaml {

struct Node;
/// Aliases share their node.
using NodePtr = std::shared_ptr<const Node>;

/// A value that knows where it stands.
struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry {
    NodePtr key;  ///< a scalar; in another program's file anything
    NodePtr value;
  };

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  /// A map's entry; null when this is no map or has no such key.
  const Entry* find_entry(std::string_view key) const;
  /// Its value; null likewise.
  const Node* find(std::string_view key) const;

  SourcePos pos() const { return source->position(offset); }
  /// An error at this node: the caret marks a scalar as far as its first line goes.
  Error error(std::string message) const;
  /// Gives an error whose position is within this scalar's text (line and column from 1) its place
  /// in the file.
  Error error_within(Error error) const;
  /// From this scalar's text to the file.
  ScalarMap places() const { return {source, offset, text}; }

  Kind kind = Kind::kNull;
  std::string text;            ///< of a scalar, unquoted
  bool plain = false;          ///< a scalar without quotes, so that 5 is a number
  std::vector<NodePtr> items;  ///< of a list
  std::vector<Entry> entries;  ///< of a map, in file order; keys unique, merge keys (<<) resolved
  std::size_t weight = 1;      ///< nodes below and including this one, aliases counted each time
  std::shared_ptr<const SourceText> source;
  std::size_t offset = 0;  ///< in the source, of its first character: its anchor's or tag's
};

/// "nothing", "text", "a list", "a mapping", as error messages say what they found.
std::string_view describe(const Node& node);

}  // namespace tocsin::yaml
