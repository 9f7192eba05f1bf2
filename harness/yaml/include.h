#pragma once

#include "harness/base/error.h"
#include "harness/yaml/node.h"

namespace tocsin::yaml {

inline constexpr int kDeepestInclude = 16;
inline constexpr int kMostIncludes = 64;

/// `node`, or if its map has the key `include` (a path or a list of paths, relative to the file
/// that it stands in): the included files' maps with the node's own keys laid over them. Maps are
/// joined key by key, all else is replaced; a key that two sibling files set differently is
/// refused. Null when a file cannot be read.
NodePtr resolve_includes(NodePtr node, Diagnostics& diagnostics);

/// The map `base` with the keys of the map `over` laid over it: maps are joined key by key, all
/// else is replaced.
NodePtr overlay(const NodePtr& base, const NodePtr& over);

}  // namespace tocsin::yaml
