#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/promql/parser.h"

/// Small changes of an expression, each of which may be the mistake that somebody makes.

namespace tocsin::ruletest {

struct Edit {
  std::string_view what;    ///< "threshold raised"
  promql::TextRange range;  ///< of the expression's text; what stands there is replaced
  std::string replacement;
};

/// In the text's order. Not every one leaves an expression that can be parsed, and two may leave
/// the same.
std::vector<Edit> edits_of(const promql::Expression& expression);

std::string edited(std::string_view text, const Edit& edit);

}  // namespace tocsin::ruletest
