#pragma once

#include <string>

#include "harness/yaml/node.h"

namespace tocsin::yaml {

/// The tree as YAML text, which reads back as the same tree: texts in double quotes, and what is
/// plain and may be a number, a truth value or null plain. Comments, anchors and tags are gone.
std::string write(const Node& root);

/// `text` as a scalar in double quotes, on one line.
std::string quoted_scalar(std::string_view text);

/// A scalar that takes a place in `like`'s tree.
NodePtr scalar(const Node& like, std::string text);
/// The map with this entry, in the place of one of that key, or at the end. `value` null: without
/// the entry.
NodePtr with(const Node& map, std::string_view key, NodePtr value);
/// The list with other items.
NodePtr with_items(const Node& list, std::vector<NodePtr> items);

}  // namespace tocsin::yaml
