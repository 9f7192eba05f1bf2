#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/units.h"

namespace tocsin::scenario {

/// Arithmetic over signals, as system files write it: numbers with units (8%, 500ms, 2GiB), signal
/// names (letters, digits, "_", ".", e.g. memory.used_percent), + - * / and unary -, parentheses,
/// min(a, b, …), max(a, b, …), clamp(x, low, high), and comparisons (< <= > >= == !=) that give 1
/// or 0, joined by `not`, `and` and `or`, in this order of binding. A division by zero gives 0: a
/// model without traffic is idle, not undefined. A unit stands right behind its number, so 1000/s
/// is a rate; put spaces around a division. Immutable, cheap to copy.
class Formula {
 public:
  /// Positions in the error are columns of `text`, from 1.
  static Result<Formula> parse(std::string_view text);
  static Formula constant(double value);

  const std::string& text() const;
  /// Signals it reads, each once, in order of appearance.
  const std::vector<std::string>& signals() const;
  /// Line and column, from 1, of a signal's first appearance.
  SourcePos place_of(std::size_t signal) const;
  /// The number it is when it reads no signal.
  std::optional<double> constant_value() const;
  /// What it gives when its signals have these dimensions. Plain numbers and percentages multiply
  /// anything; an error, positioned like those of parse(), where unlike things are added or
  /// compared.
  Result<Dimension> dimension(
      const std::function<Dimension(std::string_view signal)>& dimension_of) const;
  double evaluate(const std::function<double(std::string_view signal)>& value_of) const;
  /// The same with signals by index into signals(): no lookup by name.
  double evaluate(const double* values) const;

 private:
  struct Impl;
  explicit Formula(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

  std::shared_ptr<const Impl> impl_;
};

/// Letters, digits, "_" and "." (not first or last), beginning with a letter or "_", and none of
/// the words that formulas use.
bool is_signal_name(std::string_view name);

}  // namespace tocsin::scenario
