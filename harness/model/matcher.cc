#include "harness/model/matcher.h"

namespace tocsin {

std::string_view to_string(MatchOp op) {
  switch (op) {
    case MatchOp::kEqual:
      return "=";
    case MatchOp::kNotEqual:
      return "!=";
    case MatchOp::kRegex:
      return "=~";
    case MatchOp::kNotRegex:
      return "!~";
  }
  return "=";
}

Result<Matcher> Matcher::make(MatchOp op, std::string name, std::string value, Dot dot) {
  Matcher matcher;
  matcher.op_ = op;
  matcher.name_ = std::move(name);
  matcher.value_ = std::move(value);
  if (op == MatchOp::kRegex || op == MatchOp::kNotRegex) {
    TRY(matcher.regex_, Regex::compile(matcher.value_, dot));
  }
  return matcher;
}

Matcher Matcher::equal(std::string name, std::string value) {
  Matcher matcher;
  matcher.name_ = std::move(name);
  matcher.value_ = std::move(value);
  return matcher;
}

bool Matcher::matches(std::string_view label_value) const {
  switch (op_) {
    case MatchOp::kEqual:
      return label_value == value_;
    case MatchOp::kNotEqual:
      return label_value != value_;
    case MatchOp::kRegex:
      return regex_->matches(label_value);
    case MatchOp::kNotRegex:
      return !regex_->matches(label_value);
  }
  return false;
}

std::string Matcher::to_string() const {
  const std::string name = is_legacy_label_name(name_) ? name_ : quote_label_value(name_);
  return name + std::string(tocsin::to_string(op_)) + quote_label_value(value_);
}

}  // namespace tocsin
