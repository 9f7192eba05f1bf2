#pragma once

#include "harness/promql/ast.h"
#include "harness/promql/complaints.h"

namespace tocsin::promql {

/// Sets the type of every node of a parsed tree and settles how binary operators match; adds what
/// Prometheus refuses to the complaints.
void check_types(Node& root, Complaints& complaints);

}  // namespace tocsin::promql
