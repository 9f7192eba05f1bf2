#pragma once

#include <string>

#include "harness/promql/ast.h"

namespace tocsin::promapi {

/// Appends an expression's tree as Prometheus' parse_query answers with it.
void append_tree(std::string& out, const promql::Node& node);

}  // namespace tocsin::promapi
