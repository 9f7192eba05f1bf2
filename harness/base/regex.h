#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace tocsin {

/// What "." matches: line breaks too, or, as Prometheus 2 had it, all but them.
enum class Dot { kAnything, kNoLineBreak };

/// A regular expression with Prometheus' semantics: RE2 syntax, fully anchored. Immutable and cheap
/// to copy; safe to share between threads.
class Regex {
 public:
  /// Errors carry RE2's reason and no position.
  static Result<Regex> compile(std::string_view pattern, Dot dot = Dot::kAnything);

  const std::string& pattern() const;
  bool matches(std::string_view text) const;
  /// When `text` matches: `replacement` with $1, ${1}, ${name} expanded as Go's regexp.Expand does
  /// ("$$" is "$", an unknown group is empty). Returns false and leaves `out` alone otherwise.
  bool expand(std::string_view text, std::string_view replacement, std::string& out) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

/// Go's regexp.ReplaceAllString, unanchored: every match of `pattern` in `text` replaced.
Result<std::string> regex_replace_all(std::string_view pattern, std::string_view text,
                                      std::string_view replacement);
/// Go's regexp.MatchString, unanchored.
Result<bool> regex_search(std::string_view pattern, std::string_view text);

}  // namespace tocsin
