#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

using ClaimKind = ValueClaim::Kind;

/// What doubles lose on the way through rates and divisions. Infinities lose nothing.
constexpr double kRounding = 1e-9;

double slack(double x, double value) {
  const double larger = std::max(std::abs(x), std::abs(value));
  return std::isfinite(larger) ? kRounding * larger : 0;
}

struct Operator {
  std::string_view text;
  ClaimKind kind;
};
/// The words need no quotes in YAML, where > and ! mean something else.
constexpr std::array<Operator, 12> kOperators = {{{"at least ", ClaimKind::kGreaterEqual},
                                                  {"at most ", ClaimKind::kLessEqual},
                                                  {"above ", ClaimKind::kGreater},
                                                  {"below ", ClaimKind::kLess},
                                                  {"not ", ClaimKind::kNotEqual},
                                                  {"<=", ClaimKind::kLessEqual},
                                                  {">=", ClaimKind::kGreaterEqual},
                                                  {"==", ClaimKind::kEqual},
                                                  {"!=", ClaimKind::kNotEqual},
                                                  {"<", ClaimKind::kLess},
                                                  {">", ClaimKind::kGreater},
                                                  {"=", ClaimKind::kEqual}}};
constexpr std::array<std::string_view, 3> kPlusMinus = {"±", "+-", "+/-"};

class ClaimParser {
 public:
  ClaimParser(std::string_view text, std::optional<Dimension> dimension)
      : text_(trim(text)), dimension_(dimension) {
    claim_.text = std::string(text_);
  }

  Result<ValueClaim> parse() {
    for (const Operator& op : kOperators) {
      if (text_.starts_with(op.text)) {
        claim_.kind = op.kind;
        return single(trim(text_.substr(op.text.size())));
      }
    }
    if (const auto range = split_range(text_)) return between(*range);
    for (const std::string_view sign : kPlusMinus) {
      // A number's own sign is at the beginning, so +- there is none of ours.
      const std::size_t at = text_.find(sign, 1);
      if (at != std::string_view::npos) {
        return near(trim(text_.substr(0, at)), trim(text_.substr(at + sign.size())));
      }
    }
    claim_.kind = ClaimKind::kEqual;
    return single(text_);
  }

 private:
  Result<double> number(std::string_view text) {
    if (dimension_) {
      claim_.dimension = *dimension_;
      return parse_value(text, *dimension_);
    }
    const auto quantity = parse_quantity(text);
    if (quantity.has_error()) return with_forms(quantity.error());
    if (quantity->dimension != Dimension::kNumber) {
      dimension_ = quantity->dimension;
      claim_.dimension = quantity->dimension;
    }
    return quantity->value;
  }

  static Error with_forms(Error error) {
    error.hints = {"claims are written like 8% ± 1%, 5%..7%, < 2s, above 0 or 0"};
    return error;
  }

  Result<ValueClaim> single(std::string_view text) {
    TRY(claim_.value, number(text));
    return std::move(claim_);
  }

  /// "5..7%" means 5%..7%.
  Result<ValueClaim> between(const TextPair& range) {
    claim_.kind = ClaimKind::kBetween;
    TRY(claim_.upper, number(range.second));
    const bool has_unit = parse_number(range.first).has_error();
    const std::size_t unit = range.second.find_last_of("0123456789.") + 1;
    const std::string from =
        std::string(range.first) + (has_unit ? "" : std::string(range.second.substr(unit)));
    TRY(claim_.value, number(from));
    if (claim_.value > claim_.upper) {
      return input_error({}, fmt::format("\"{}\" is empty: it begins above its end", text_));
    }
    return std::move(claim_);
  }

  Result<ValueClaim> near(std::string_view value, std::string_view tolerance) {
    claim_.kind = ClaimKind::kNear;
    TRY(claim_.value, number(value));
    constexpr std::string_view kOfIt = "of it";
    const bool says_relative = tolerance.ends_with(kOfIt);
    if (says_relative) tolerance = trim(tolerance.substr(0, tolerance.size() - kOfIt.size()));
    const auto share = parse_quantity(tolerance);
    const bool percentage = share.has_value() && share->dimension == Dimension::kRatio;
    if (percentage && (says_relative || claim_.dimension != Dimension::kRatio)) {
      claim_.tolerance = share->value * std::abs(claim_.value);
    } else if (says_relative) {
      return input_error({}, "what is \"of it\" is a percentage, like 8% ± 10% of it");
    } else {
      TRY(claim_.tolerance, number(tolerance));
    }
    if (claim_.tolerance < 0) return input_error({}, "a tolerance cannot be negative");
    return std::move(claim_);
  }

  std::string_view text_;
  std::optional<Dimension> dimension_;
  ValueClaim claim_;
};

}  // namespace

Result<ValueClaim> parse_claim(std::string_view text, std::optional<Dimension> dimension) {
  return ClaimParser(text, dimension).parse();
}

bool ValueClaim::holds(double x) const {
  if (std::isnan(x)) return false;
  const bool equal = x == value || std::abs(x - value) <= slack(x, value);
  switch (kind) {
    case ClaimKind::kNear:
      return equal || std::abs(x - value) <= tolerance + slack(x, value);
    case ClaimKind::kBetween:
      return x >= value - slack(x, value) && x <= upper + slack(x, upper);
    case ClaimKind::kLess:
      return x < value;
    case ClaimKind::kLessEqual:
      return x <= value;
    case ClaimKind::kGreater:
      return x > value;
    case ClaimKind::kGreaterEqual:
      return x >= value;
    case ClaimKind::kEqual:
      return equal;
    case ClaimKind::kNotEqual:
      return !equal;
  }
  return false;
}

}  // namespace tocsin::scenario
