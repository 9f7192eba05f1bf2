#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace tocsin::scenario {

/// Arithmetic over signals, as system files write it: numbers with units (8%, 500ms, 2GiB), signal
/// names (letters, digits, "_", ".", e.g. memory.used_percent), + - * / and unary -, parentheses,
/// min(a, b, …), max(a, b, …), clamp(x, low, high), and comparisons (< <= > >= == !=) that give 1
/// or 0, joined by `and`, `or`, `not`. A division by zero gives 0: a model without traffic is idle,
/// not undefined. Immutable, cheap to copy.
class Formula {
 public:
  /// Positions in the error are columns of `text`, from 1.
  static Result<Formula> parse(std::string_view text);
  static Formula constant(double value);

  const std::string& text() const;
  /// Signals it reads, each once, in order of appearance.
  const std::vector<std::string>& signals() const;
  double evaluate(const std::function<double(std::string_view signal)>& value_of) const;
  /// The same with signals by index into signals(): no lookup by name.
  double evaluate(const double* values) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace tocsin::scenario
