#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace tocsin::scenario {

/// A text with signals in it, as messages of health checks have them: {name} is the value's
/// shortest form, {name:.1f} has one decimal, {name:.1%} is a percentage with one decimal; {{ and
/// }} are braces. Immutable, cheap to copy.
class TextTemplate {
 public:
  /// Positions in the error are columns of `text`, from 1.
  static Result<TextTemplate> parse(std::string_view text);

  /// Signals it shows, each once, in order of appearance.
  const std::vector<std::string>& signals() const;
  std::string render(const std::function<double(std::string_view signal)>& value_of) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace tocsin::scenario
