#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "harness/promql/ast.h"

namespace tocsin::promql {

/// A function's signature: what parser, type check and documentation need. How it is computed lives
/// in the evaluator, keyed by name.
struct Function {
  std::string_view name;
  std::vector<ValueType> arguments;
  /// 0: exactly arguments.size(); n > 0: the last n may be left out; -1: the last one repeats and
  /// may be left out.
  int variadic = 0;
  ValueType returns = ValueType::kVector;
  bool experimental = false;
};

/// In name order.
std::span<const Function> functions();
/// Null when there is no such function.
const Function* find_function(std::string_view name);

}  // namespace tocsin::promql
