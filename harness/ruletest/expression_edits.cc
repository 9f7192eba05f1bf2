#include "harness/ruletest/expression_edits.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "harness/promql/ast_children.h"
#include "harness/promql/functions.h"
#include "harness/promql/lexer.h"
#include "harness/promql/literals.h"

namespace tocsin::ruletest {
namespace {

using promql::AggregateOp;
using promql::BinaryOp;
using promql::Node;
using promql::NodeKind;
using promql::TextRange;
using promql::Token;
using promql::TokenKind;

struct Swap {
  std::string_view word;
  std::string_view other;
};

/// Which operator, aggregation or function is easily written instead of which.
constexpr Swap kFlipped[] = {{">", "<"},   {"<", ">"},   {">=", "<="},
                             {"<=", ">="}, {"==", "!="}, {"!=", "=="}};
constexpr Swap kBoundary[] = {{">", ">="}, {"<", "<="}, {">=", ">"}, {"<=", "<"}};
constexpr Swap kArithmetic[] = {{"+", "-"}, {"-", "+"}, {"*", "/"}, {"/", "*"}};
constexpr Swap kSetOperators[] = {{"and", "unless"}, {"unless", "and"}};
constexpr Swap kAggregations[] = {{"sum", "avg"},      {"avg", "max"},      {"min", "max"},
                                  {"max", "min"},      {"count", "sum"},    {"topk", "bottomk"},
                                  {"bottomk", "topk"}, {"stddev", "stdvar"}};
constexpr Swap kFunctions[] = {{"rate", "increase"},
                               {"increase", "rate"},
                               {"irate", "rate"},
                               {"delta", "increase"},
                               {"avg_over_time", "max_over_time"},
                               {"max_over_time", "min_over_time"},
                               {"min_over_time", "max_over_time"},
                               {"sum_over_time", "avg_over_time"},
                               {"count_over_time", "sum_over_time"},
                               {"last_over_time", "max_over_time"},
                               {"ceil", "floor"},
                               {"floor", "ceil"},
                               {"clamp_min", "clamp_max"},
                               {"clamp_max", "clamp_min"}};
constexpr Swap kMatchers[] = {{"=", "!="}, {"!=", "="}, {"=~", "!~"}, {"!~", "=~"}};

template <std::size_t N>
std::string_view other(const Swap (&swaps)[N], std::string_view word) {
  for (const Swap& swap : swaps) {
    if (swap.word == word) return swap.other;
  }
  return {};
}

const Node& inside(const Node& node) {
  const Node* inner = &node;
  while (inner->kind == NodeKind::kParen) {
    inner = static_cast<const promql::Paren*>(inner)->inner.get();
  }
  return *inner;
}

/// A number that is a little further up, or down: by a tenth; by one where that says nothing (0)
/// or where numbers are likely counts (2 to 10).
double moved(double value, int sign, bool exact) {
  const double size = std::abs(value);
  const bool whole = size == std::floor(size);
  const bool by_one = whole && (exact || size == 0 || (size > 1 && size <= 10));
  const double result = value + sign * (by_one ? 1 : size / 10);
  // Without digits that only binary fractions have.
  return std::strtod(fmt::format("{:.10g}", result).c_str(), nullptr);
}

class EditFinder {
 public:
  explicit EditFinder(const promql::Expression& expression) : text_(expression.text) {
    promql::Lexer lexer(text_);
    for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
      if (token.kind == TokenKind::kError) break;
      tokens_.push_back(token);
    }
  }

  std::vector<Edit> find(const Node& root) {
    visit(root, nullptr);
    std::stable_sort(edits_.begin(), edits_.end(),
                     [](const Edit& a, const Edit& b) { return a.range.begin < b.range.begin; });
    return std::move(edits_);
  }

 private:
  void visit(const Node& node, const Node* parent) {
    switch (node.kind) {
      case NodeKind::kNumber:
        return number(static_cast<const promql::NumberLiteral&>(node), parent);
      case NodeKind::kVectorSelector: {
        const auto& selector = static_cast<const promql::VectorSelector&>(node);
        matchers(selector);
        return offset(selector.range, selector.shift);
      }
      case NodeKind::kMatrixSelector: {
        const auto& matrix = static_cast<const promql::MatrixSelector&>(node);
        matchers(*matrix.vector);
        if (!matrix.window_expr) window(matrix.vector->range.end, matrix.range.end, matrix.window);
        return offset({matrix.vector->range.end, matrix.range.end}, matrix.vector->shift);
      }
      case NodeKind::kSubquery: {
        const auto& subquery = static_cast<const promql::Subquery&>(node);
        const std::uint32_t begin = subquery.inner->range.end;
        if (!subquery.window_expr) window(begin, subquery.range.end, subquery.window);
        offset({begin, subquery.range.end}, subquery.shift);
        break;
      }
      case NodeKind::kCall:
        swap("function changed", node.range.begin, other(kFunctions, name_of(node)));
        break;
      case NodeKind::kAggregate:
        aggregate(static_cast<const promql::Aggregate&>(node));
        break;
      case NodeKind::kBinary:
        return binary(static_cast<const promql::Binary&>(node));
      default:
        break;
    }
    promql::for_children(node, [&](const Node& child) { visit(child, &node); });
  }

  // --- tokens ---

  std::string_view text_of(TextRange range) const {
    return text_.substr(range.begin, range.end - range.begin);
  }

  std::string_view name_of(const Node& call) const {
    return static_cast<const promql::Call&>(call).function->name;
  }

  /// The first token at or behind a place.
  std::size_t token_at(std::uint32_t begin) const {
    const auto found = std::lower_bound(
        tokens_.begin(), tokens_.end(), begin,
        [](const Token& token, std::uint32_t wanted) { return token.range.begin < wanted; });
    return static_cast<std::size_t>(found - tokens_.begin());
  }

  bool is(std::size_t token, TokenKind kind) const {
    return token < tokens_.size() && tokens_[token].kind == kind;
  }

  void add(std::string_view what, TextRange range, std::string replacement) {
    edits_.push_back({what, range, std::move(replacement)});
  }

  /// Another word instead of the token at `begin`; none when it is empty.
  void swap(std::string_view what, std::uint32_t begin, std::string_view word) {
    const std::size_t token = token_at(begin);
    if (word.empty() || token == tokens_.size()) return;
    add(what, tokens_[token].range, std::string(word));
  }

  // --- numbers ---

  void move_number(std::string_view what, const promql::NumberLiteral& node, int sign, bool exact) {
    if (!std::isfinite(node.value)) return;
    const double value = moved(node.value, sign, exact);
    const auto ms = Duration(static_cast<std::int64_t>(std::llround(value * 1000)));
    const bool as_duration = node.written_as_duration && value > 0 && value < 1e9;
    const bool plain = value == 0 || (std::abs(value) >= 1e-6 && std::abs(value) < 1e15);
    const std::string number = plain ? promql::format_plain(value) : promql::format_general(value);
    add(what, node.range, as_duration ? format_duration(ms) : number);
  }

  /// One that is no threshold.
  void number(const promql::NumberLiteral& node, const Node* parent) {
    if (in_threshold_) return;
    const bool argument = parent != nullptr &&
                          (parent->kind == NodeKind::kCall || parent->kind == NodeKind::kAggregate);
    // Quantiles are at most 1.
    const bool lower = argument && node.value > 0 && node.value <= 1;
    move_number(lower ? "number lowered" : "number raised", node, lower ? -1 : 1, false);
  }

  void threshold(const Node& side, BinaryOp op) {
    const bool exact = op == BinaryOp::kEqual || op == BinaryOp::kNotEqual;
    const Node& inner = inside(side);
    if (inner.kind == NodeKind::kNumber) {
      const auto& literal = static_cast<const promql::NumberLiteral&>(inner);
      move_number("threshold raised", literal, 1, exact);
      move_number("threshold lowered", literal, -1, exact);
      return;
    }
    add("threshold raised", side.range, fmt::format("1.1 * ({})", text_of(side.range)));
    add("threshold lowered", side.range, fmt::format("0.9 * ({})", text_of(side.range)));
  }

  // --- operators ---

  void binary(const promql::Binary& node) {
    const std::string_view op = promql::to_string(node.op);
    const std::uint32_t at = node.op_range.begin;
    if (promql::is_set_operator(node.op)) remove_sides(node);
    swap("comparison flipped", at, other(kFlipped, op));
    swap("boundary moved", at, other(kBoundary, op));
    swap("operator changed", at, other(kArithmetic, op));
    swap("operator changed", at, other(kSetOperators, op));
    matching(node.op_range);
    const bool compares = promql::is_comparison(node.op);
    const bool right = compares && node.right->type == promql::ValueType::kScalar;
    const bool left = compares && !right && node.left->type == promql::ValueType::kScalar;
    operand(node, *node.left, left);
    operand(node, *node.right, right);
  }

  void operand(const promql::Binary& node, const Node& side, bool is_threshold) {
    if (is_threshold && !in_threshold_) threshold(side, node.op);
    const bool outer = in_threshold_;
    in_threshold_ = outer || is_threshold;
    visit(side, &node);
    in_threshold_ = outer;
  }

  /// Set operators bind most loosely, so that a side can stand where the whole stood.
  void remove_sides(const promql::Binary& node) {
    const bool is_or = node.op == BinaryOp::kOr;
    const bool is_and = node.op == BinaryOp::kAnd;
    if (is_or || is_and) {
      add(is_or ? "left side of or removed" : "left side of and removed",
          {node.range.begin, node.right->range.begin}, "");
    }
    add(is_or    ? "right side of or removed"
        : is_and ? "right side of and removed"
                 : "right side of unless removed",
        {node.left->range.end, node.range.end}, "");
  }

  void matching(TextRange modifiers) {
    for (std::size_t i = token_at(modifiers.begin);
         i < tokens_.size() && tokens_[i].range.end <= modifiers.end; ++i) {
      const TokenKind kind = tokens_[i].kind;
      if (kind == TokenKind::kOn || kind == TokenKind::kIgnoring) {
        drop_labels("matching label dropped", i + 1);
      }
      if (kind == TokenKind::kGroupLeft || kind == TokenKind::kGroupRight) {
        drop_labels("copied label dropped", i + 1);
      }
    }
  }

  // --- aggregations ---

  void aggregate(const promql::Aggregate& node) {
    swap("aggregation changed", node.range.begin, other(kAggregations, promql::to_string(node.op)));
    std::size_t i = token_at(node.range.begin) + 1;
    if (is(i, TokenKind::kLeftParen)) i = token_at(closing_paren(node)) + 1;
    if (is(i, TokenKind::kBy) || is(i, TokenKind::kWithout)) {
      drop_labels("aggregation label dropped", i + 1);
    }
  }

  /// Where the arguments end: behind the last one, and a comma that may follow.
  std::uint32_t closing_paren(const promql::Aggregate& node) const {
    std::size_t i = token_at(node.argument->range.end);
    while (i < tokens_.size() && !is(i, TokenKind::kRightParen)) ++i;
    return i < tokens_.size() ? tokens_[i].range.begin : node.range.end;
  }

  /// Each label of the list that begins with the token `open`.
  void drop_labels(std::string_view what, std::size_t open) {
    if (!is(open, TokenKind::kLeftParen)) return;
    std::size_t close = open;
    while (close < tokens_.size() && !is(close, TokenKind::kRightParen)) ++close;
    drop_items(what, open + 1, close, 1);
  }

  /// Each item of a list of tokens, with one of its commas.
  void drop_items(std::string_view what, std::size_t begin, std::size_t end, std::size_t length) {
    for (std::size_t i = begin; i + length <= end; i += length + 1) {
      const std::size_t after = i + length;  // the comma or the end
      TextRange range{tokens_[i].range.begin, tokens_[after - 1].range.end};
      if (after + 1 < end && is(after, TokenKind::kComma)) {
        range.end = tokens_[after + 1].range.begin;
      } else if (i > begin) {
        range.begin = tokens_[i - 2].range.end;
      }
      add(what, range, "");
    }
  }

  // --- selectors ---

  void matchers(const promql::VectorSelector& node) {
    std::size_t i = token_at(node.range.begin);
    if (!is(i, TokenKind::kLeftBrace)) ++i;
    if (!is(i, TokenKind::kLeftBrace)) return;
    std::size_t end = i;
    while (end < tokens_.size() && !is(end, TokenKind::kRightBrace)) ++end;
    for (++i; i < end; ++i) {
      const std::string_view negated =
          i + 1 < end ? other(kMatchers, text_of(tokens_[i + 1].range)) : std::string_view();
      if (negated.empty()) continue;  // a name in quotes, a comma
      add("matcher negated", tokens_[i + 1].range, std::string(negated));
      TextRange range{tokens_[i].range.begin, tokens_[i + 2].range.end};
      if (is(i + 3, TokenKind::kComma) && i + 4 < tokens_.size()) {
        range.end = tokens_[i + 4].range.begin;
      } else if (is(i - 1, TokenKind::kComma)) {
        range.begin = tokens_[i - 1].range.begin;
      }
      add("matcher dropped", range, "");
      i += 2;
    }
  }

  /// The duration in brackets that begin at or behind `begin`.
  void window(std::uint32_t begin, std::uint32_t end, Duration now) {
    std::size_t i = token_at(begin);
    while (i < tokens_.size() && !is(i, TokenKind::kLeftBracket)) ++i;
    if (++i >= tokens_.size() || tokens_[i].range.end > end) return;
    if (!is(i, TokenKind::kDuration) && !is(i, TokenKind::kNumber)) return;
    if (now.count() >= 2) add("window halved", tokens_[i].range, format_duration(now / 2));
    add("window doubled", tokens_[i].range, format_duration(now * 2));
  }

  void offset(TextRange range, const promql::TimeShift& shift) {
    if (shift.offset.count() == 0 || shift.offset_expr) return;
    std::size_t i = token_at(range.begin);
    while (i < tokens_.size() && !is(i, TokenKind::kOffset)) ++i;
    std::size_t last = i + 1;
    if (is(last, TokenKind::kSub) || is(last, TokenKind::kAdd)) ++last;
    if (last >= tokens_.size() || tokens_[last].range.end > range.end) return;
    const std::uint32_t before = i > 0 ? tokens_[i - 1].range.end : tokens_[i].range.begin;
    add("offset removed", {before, tokens_[last].range.end}, "");
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::vector<Edit> edits_;
  bool in_threshold_ = false;
};

}  // namespace

std::vector<Edit> edits_of(const promql::Expression& expression) {
  return EditFinder(expression).find(*expression.root);
}

std::string edited(std::string_view text, const Edit& edit) {
  std::string result(text.substr(0, edit.range.begin));
  result += edit.replacement;
  result += text.substr(edit.range.end);
  return result;
}

}  // namespace tocsin::ruletest
