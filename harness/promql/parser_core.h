#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/promql/ast.h"
#include "harness/promql/complaints.h"
#include "harness/promql/lexer.h"
#include "harness/promql/parser.h"

/// The parser proper: recursive descent with one token of look-ahead. Operators bind, from loosest
/// to tightest: or; and unless; comparisons; + -; * / % atan2 and the unary signs; ^, from the
/// right; offset, @, [range], anchored and smoothed.
///
/// A function that gives a null pointer has met a word that cannot stand there. Mistakes after
/// which parsing can go on (a bad number, an unknown function) are added to the complaints, and a
/// stand-in node is returned.

namespace tocsin::promql {

class Parser {
 public:
  Parser(std::string_view text, Complaints& complaints, const ParseOptions& options);

  /// The whole text as one expression, not type-checked; to be used only when there are no
  /// complaints.
  NodePtr parse();

 private:
  /// Keeps hostile nesting from exhausting the stack.
  class Level {
   public:
    explicit Level(Parser& parser);
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    bool too_deep() const;

   private:
    Parser& parser_;
  };

  // parser.cc: tokens and complaints
  bool at(TokenKind kind) const { return token_.kind == kind; }
  Token take();
  std::optional<Token> take_if(TokenKind kind);
  std::string_view text_of(const Token& token) const { return lexer_.text_of(token); }
  /// Complains about the present token, once; always null.
  std::nullptr_t unexpected(std::string_view context = {}, std::string_view expected = {});
  std::nullptr_t give_up(TextRange where, ErrorKind kind, std::string why);
  /// Sets range and height of a node whose children are in place. Null when the tree has grown too
  /// tall.
  template <class T>
  std::unique_ptr<T> finish(std::unique_ptr<T> node, TextRange range);
  bool settle(Node& node, TextRange range);

  // parser_expr.cc
  NodePtr parse_binary(int loosest);
  NodePtr parse_exponent();
  NodePtr parse_operand();
  NodePtr parse_unary();
  NodePtr parse_primary();
  NodePtr parse_word();
  NodePtr parse_paren();
  NodePtr parse_string();
  std::unique_ptr<NumberLiteral> parse_number_or_duration();
  NodePtr parse_call(const Token& name);
  NodePtr parse_aggregate(const Token& name);
  bool parse_grouping_clause(Aggregate& node);
  bool parse_arguments(std::vector<NodePtr>& arguments);
  bool parse_matching(Binary& node);
  bool parse_fill(VectorMatching& matching);
  std::optional<double> parse_fill_value();
  bool parse_grouping(std::vector<std::string>& labels);

  // parser_selector.cc
  NodePtr parse_selector(std::optional<Token> name);
  bool parse_matchers(VectorSelector& selector);
  bool parse_matcher(VectorSelector& selector);
  NodePtr parse_modifiers(NodePtr node);
  NodePtr parse_brackets(NodePtr node);
  NodePtr make_matrix(NodePtr node, NodePtr window, TextRange brackets);
  NodePtr parse_offset(NodePtr node);
  NodePtr parse_at(NodePtr node);
  bool parse_at_time(const Node& node, TimeShift& shift);
  TimeShift* shift_of(Node& node, std::string_view modifier);
  void set_extension(Node& node, const Token& word);

  // parser_duration.cc: null means that the present token is unexpected; the caller knows what
  // would have been right.
  NodePtr parse_duration(int loosest);
  NodePtr parse_duration_operators(NodePtr left, int loosest);
  NodePtr parse_duration_operand();
  NodePtr parse_duration_primary();
  NodePtr parse_duration_call();
  NodePtr parse_duration_paren();
  NodePtr parse_positive_duration();
  NodePtr parse_offset_duration();
  NodePtr make_duration_operation(const Token& op, NodePtr left, NodePtr right);
  NodePtr negate(const Token& sign, NodePtr operand);
  NodePtr stand_in_duration(TextRange range);

  std::string_view text_;
  Complaints& complaints_;
  const ParseOptions& options_;
  Lexer lexer_;
  Token token_;            ///< the look-ahead
  std::uint32_t end_ = 0;  ///< of the last token taken
  int depth_ = 0;
  int open_aggregations_ = 0;
  bool gave_up_ = false;
};

template <class T>
std::unique_ptr<T> Parser::finish(std::unique_ptr<T> node, TextRange range) {
  if (!settle(*node, range)) return nullptr;
  return node;
}

inline TextRange span_of(TextRange first, TextRange last) {
  return {first.begin, last.end};
}

/// Takes what a duration is: milliseconds of a literal, or an expression to evaluate later.
void set_duration(NodePtr duration, Duration& milliseconds, NodePtr& expression);

}  // namespace tocsin::promql
