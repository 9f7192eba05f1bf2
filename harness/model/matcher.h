#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/base/regex.h"
#include "harness/model/labels.h"

namespace tocsin {

enum class MatchOp { kEqual, kNotEqual, kRegex, kNotRegex };

/// "=", "!=", "=~", "!~".
std::string_view to_string(MatchOp op);

/// One label matcher; an absent label counts as "". Regular expressions are anchored
/// (base/regex.h).
class Matcher {
 public:
  /// Fails only on a bad regular expression.
  static Result<Matcher> make(MatchOp op, std::string name, std::string value,
                              Dot dot = Dot::kAnything);
  /// name="value", which cannot fail.
  static Matcher equal(std::string name, std::string value);

  MatchOp op() const { return op_; }
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  bool matches(std::string_view label_value) const;
  bool matches(const Labels& labels) const { return matches(labels.get(name_)); }
  /// name=~"value", quoted.
  std::string to_string() const;

  bool operator==(const Matcher& other) const {
    return op_ == other.op_ && name_ == other.name_ && value_ == other.value_;
  }

 private:
  Matcher() = default;

  MatchOp op_ = MatchOp::kEqual;
  std::string name_;
  std::string value_;
  std::optional<Regex> regex_;
};

}  // namespace tocsin
