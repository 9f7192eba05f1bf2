#pragma once

#include <string>

#include "harness/promql/parser.h"

namespace tocsin::ruletest {

/// Parses what was an expression of a rule or a test, in whichever version of the language it was
/// accepted, or has been edited.
inline Result<promql::Expression> parse_again(const std::string& text) {
  Result<promql::Expression> parsed = promql::parse_expression(text);
  if (parsed.has_error()) parsed = promql::parse_expression(text, {.version_2 = true});
  return parsed;
}

}  // namespace tocsin::ruletest
