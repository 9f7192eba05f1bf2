#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/promql/ast.h"

namespace tocsin::promql {

struct ParseOptions {
  /// As Prometheus 2: it knows holt_winters() and no quoted names; "." matches no line break.
  bool version_2 = false;
};

/// An expression with its source text, which errors and annotations quote.
struct Expression {
  std::string text;
  NodePtr root;
  ParseOptions language = {};  ///< in which the text is written
};

/// Limits that keep hostile input harmless; so does kTallestTree in ast.h.
inline constexpr std::size_t kLongestExpression = 1 << 20;  ///< bytes
inline constexpr int kDeepestNesting = 256;

/// Parses and type-checks today's PromQL (Prometheus 3.x, experimental functions and syntax
/// included). Errors are worded like Prometheus' own; pos.line and pos.column are within `text`
/// (from 1, counting characters), pos.file is empty, `length` covers the offending token. Never
/// throws; every error that can be found independently is reported.
Result<Expression> parse_expression(std::string_view text, const ParseOptions& options = {});
/// The same; on failure `errors` receives all errors (at most a hundred), the first of which is
/// the result's.
Result<Expression> parse_expression(std::string_view text, std::vector<Error>& errors,
                                    const ParseOptions& options = {});

/// The canonical text, as Prometheus' printer writes it; parses back to the same tree.
std::string print(const Node& node);
/// Over several lines, indented, as `promtool promql format` does.
std::string pretty_print(const Node& node);

}  // namespace tocsin::promql
