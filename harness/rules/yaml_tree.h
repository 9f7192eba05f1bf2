#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/rules/source_text.h"

/// A YAML document as a tree that knows where each node stands. An alias is the node it names, so
/// that nothing grows by it; who walks the tree bounds the walk.

namespace tocsin::rules {

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMapping };

  Kind kind = Kind::kNull;
  std::size_t start = 0;  ///< byte in the text, of its anchor or tag if it has one
  std::string value;      ///< of a scalar
  bool plain = false;     ///< a scalar without quotes, not a block, without a tag
  std::vector<const YamlNode*> items;
  std::vector<std::pair<const YamlNode*, const YamlNode*>> entries;  ///< in file order
};

class YamlTree {
 public:
  /// The first document of `yaml`, which is valid UTF-8 without a byte-order mark. Syntax errors,
  /// control characters, aliases that contain themselves and deep nesting go to `diagnostics`.
  static YamlTree parse(const SourceText& yaml, Diagnostics& diagnostics);

  /// Null when there is no document or it could not be read.
  const YamlNode* root() const { return root_; }
  /// Where a second document begins, 0 when there is none.
  std::size_t second_document() const { return second_document_; }

 private:
  friend class YamlTreeBuilder;

  std::deque<YamlNode> nodes_;
  const YamlNode* root_ = nullptr;
  std::size_t second_document_ = 0;
};

}  // namespace tocsin::rules
