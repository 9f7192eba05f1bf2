#include "harness/promql/parser.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/promql/parser_core.h"
#include "harness/promql/type_check.h"

namespace tocsin::promql {

Parser::Level::Level(Parser& parser) : parser_(parser) {
  ++parser_.depth_;
}

bool Parser::Level::too_deep() const {
  if (parser_.depth_ <= kDeepestNesting) return false;
  parser_.give_up(parser_.token_.range, ErrorKind::kLimit,
                  fmt::format("expression is nested more than {} levels deep", kDeepestNesting));
  return true;
}

Parser::Parser(std::string_view text, Complaints& complaints, const ParseOptions& options)
    : text_(text),
      complaints_(complaints),
      options_(options),
      lexer_(text),
      token_(lexer_.next()) {}

NodePtr Parser::parse() {
  if (at(TokenKind::kEnd)) return give_up({}, ErrorKind::kInput, "no expression found in input");
  NodePtr root = parse_binary(0);
  if (!root) return unexpected();
  if (!at(TokenKind::kEnd)) return unexpected();
  return root;
}

Token Parser::take() {
  const Token taken = token_;
  end_ = taken.range.end;
  token_ = lexer_.next();
  return taken;
}

std::optional<Token> Parser::take_if(TokenKind kind) {
  if (!at(kind)) return std::nullopt;
  return take();
}

std::nullptr_t Parser::unexpected(std::string_view context, std::string_view expected) {
  if (gave_up_) return nullptr;
  gave_up_ = true;
  if (at(TokenKind::kError)) {
    complaints_.add(token_.range, lexer_.error(), lexer_.hint());
    return nullptr;
  }
  if (context.empty() && open_aggregations_ > 0) context = "aggregation";
  std::string message = "unexpected " + describe(token_, text_of(token_));
  if (!context.empty()) message += fmt::format(" in {}", context);
  if (!expected.empty()) message += fmt::format(", expected {}", expected);
  const bool comparison_meant = at(TokenKind::kAssign) && context != "label matching";
  complaints_.add(token_.range, std::move(message),
                  comparison_meant ? "equality is written \"==\"" : "");
  return nullptr;
}

std::nullptr_t Parser::give_up(TextRange where, ErrorKind kind, std::string why) {
  Error error = input_error({}, std::move(why));
  error.kind = kind;
  if (!gave_up_) complaints_.add(where, std::move(error));
  gave_up_ = true;
  return nullptr;
}

bool Parser::settle(Node& node, TextRange range) {
  node.range = range;
  for (const Node* child : children(node)) node.height = std::max(node.height, child->height + 1);
  if (node.height <= kTallestTree) return true;
  give_up(range, ErrorKind::kLimit,
          fmt::format("expression has more than {} operations in a row", kTallestTree));
  return false;
}

Result<Expression> parse_expression(std::string_view text, std::vector<Error>& errors,
                                    const ParseOptions& options) {
  if (text.size() > kLongestExpression) {
    Error error =
        input_error({}, fmt::format("expression is longer than {} bytes", kLongestExpression));
    error.kind = ErrorKind::kLimit;
    errors.push_back(error);
    return error;
  }
  Expression expression{.text = std::string(text), .root = nullptr, .language = options};
  Complaints complaints(expression.text);
  expression.root = Parser(expression.text, complaints, options).parse();
  if (complaints.empty()) check_types(*expression.root, complaints);
  if (complaints.empty()) return expression;
  std::vector<Error> found = complaints.take();
  Error first = found.front();
  std::move(found.begin(), found.end(), std::back_inserter(errors));
  return first;
}

Result<Expression> parse_expression(std::string_view text, const ParseOptions& options) {
  std::vector<Error> errors;
  return parse_expression(text, errors, options);
}

}  // namespace tocsin::promql
