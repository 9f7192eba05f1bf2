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
  /// 0: exactly arguments.size(). Otherwise the last argument may be left out, or be there up to
  /// n times when n > 0, any number of times when -1.
  int variadic = 0;
  ValueType returns = ValueType::kVector;
  bool experimental = false;
  bool only_version_2 = false;  ///< Prometheus 3 no longer knows it
};

/// In name order.
std::span<const Function> functions();
/// Null when there is no such function.
const Function* find_function(std::string_view name);

}  // namespace tocsin::promql
