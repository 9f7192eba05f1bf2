#pragma once

#include "harness/scenario/shape.h"

namespace tocsin::contract {

/// A contract file, from the top.
extern const scenario::Table kContractTable;
/// Anything, at any depth.
extern const scenario::Table kFreeTable;

}  // namespace tocsin::contract
