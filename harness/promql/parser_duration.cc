#include <algorithm>
#include <array>
#include <cmath>

#include "harness/promql/parser_core.h"

/// Durations in brackets and behind offset: a number of seconds, a literal such as 5m, or
/// arithmetic on them with step(), range(), min_of(a, b) and max_of(a, b).

namespace tocsin::promql {
namespace {

using DurationOp = DurationExpr::Op;

struct DurationOperator {
  TokenKind token;
  DurationOp op;
  int precedence;
};

constexpr int kDurationPowerPrecedence = 3;

constexpr std::array kDurationOperators = {
    DurationOperator{TokenKind::kAdd, DurationOp::kAdd, 1},
    DurationOperator{TokenKind::kSub, DurationOp::kSub, 1},
    DurationOperator{TokenKind::kMul, DurationOp::kMul, 2},
    DurationOperator{TokenKind::kDiv, DurationOp::kDiv, 2},
    DurationOperator{TokenKind::kMod, DurationOp::kMod, 2},
    DurationOperator{TokenKind::kPow, DurationOp::kPow, kDurationPowerPrecedence},
};

const DurationOperator* find_duration_operator(TokenKind token) {
  const auto* const found =
      std::find_if(kDurationOperators.begin(), kDurationOperators.end(),
                   [token](const DurationOperator& known) { return known.token == token; });
  return found == kDurationOperators.end() ? nullptr : found;
}

/// What 64 bits of nanoseconds hold.
bool out_of_range(double seconds) {
  return !(std::abs(seconds) <= 0x1p63 / 1e9);
}

bool is_sign(TokenKind kind) {
  return kind == TokenKind::kAdd || kind == TokenKind::kSub;
}

}  // namespace

void set_duration(NodePtr duration, Duration& milliseconds, NodePtr& expression) {
  if (duration->kind != NodeKind::kNumber) {
    expression = std::move(duration);
    return;
  }
  const double ms = static_cast<const NumberLiteral&>(*duration).value * 1000;
  // Like Prometheus, what lies below a millisecond is cut off (after rounding to nanoseconds);
  // unlike there, never to nothing.
  const double whole = std::trunc(std::round(ms * 1e6) / 1e6);
  const double least = ms > 0 ? 1 : ms < 0 ? -1 : 0;
  milliseconds = Duration(static_cast<std::int64_t>(whole == 0 ? least : whole));
}

/// Operators at least as tight as `loosest`.
NodePtr Parser::parse_duration(int loosest) {
  const Level level(*this);
  if (level.too_deep()) return nullptr;
  return parse_duration_operators(parse_duration_operand(), loosest);
}

NodePtr Parser::parse_duration_operators(NodePtr left, int loosest) {
  while (left) {
    const DurationOperator* const op = find_duration_operator(token_.kind);
    if (!op || op->precedence < loosest) return left;
    const Token sign = take();
    const bool from_the_right = op->op == DurationOp::kPow;
    NodePtr right = parse_duration(op->precedence + (from_the_right ? 0 : 1));
    if (!right) return nullptr;
    left = make_duration_operation(sign, std::move(left), std::move(right));
  }
  return nullptr;
}

NodePtr Parser::make_duration_operation(const Token& op, NodePtr left, NodePtr right) {
  auto node = std::make_unique<DurationExpr>();
  node->op = find_duration_operator(op.kind)->op;
  const TextRange range = span_of(left->range, right->range);
  const bool divides = node->op == DurationOp::kDiv || node->op == DurationOp::kMod;
  if (divides && right->kind == NodeKind::kNumber &&
      static_cast<const NumberLiteral&>(*right).value == 0) {
    complaints_.add(op.range, node->op == DurationOp::kDiv ? "division by zero" : "modulo by zero");
    return stand_in_duration(range);
  }
  node->left = std::move(left);
  node->right = std::move(right);
  return finish(std::move(node), range);
}

NodePtr Parser::parse_duration_operand() {
  if (!is_sign(token_.kind)) return parse_duration_primary();
  const Token sign = take();
  NodePtr operand = parse_duration(kDurationPowerPrecedence);
  return operand ? negate(sign, std::move(operand)) : nullptr;
}

/// A plus is dropped; a minus becomes part of a literal.
NodePtr Parser::negate(const Token& sign, NodePtr operand) {
  const TextRange range = span_of(sign.range, operand->range);
  const bool minus = sign.kind == TokenKind::kSub;
  if (operand->kind == NodeKind::kNumber) {
    auto& number = static_cast<NumberLiteral&>(*operand);
    if (minus) number.value = -number.value;
    number.range = range;
    return operand;
  }
  if (!minus) return operand;
  auto node = std::make_unique<DurationExpr>();
  node->op = DurationOp::kNegate;
  node->right = std::move(operand);
  return finish(std::move(node), range);
}

NodePtr Parser::parse_duration_primary() {
  switch (token_.kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration: {
      const std::size_t mistakes = complaints_.size();
      auto number = parse_number_or_duration();
      if (complaints_.size() != mistakes) return stand_in_duration(number->range);
      if (!out_of_range(number->value)) return number;
      complaints_.add(number->range, "duration out of range");
      return stand_in_duration(number->range);
    }
    case TokenKind::kLeftParen:
      return parse_duration_paren();
    case TokenKind::kStep:
    case TokenKind::kRange:
    case TokenKind::kMinOf:
    case TokenKind::kMaxOf:
      return parse_duration_call();
    default:
      return nullptr;
  }
}

NodePtr Parser::parse_duration_call() {
  const Token name = take();
  auto node = std::make_unique<DurationExpr>();
  if (!take_if(TokenKind::kLeftParen)) return nullptr;
  if (name.kind == TokenKind::kMinOf || name.kind == TokenKind::kMaxOf) {
    node->op = name.kind == TokenKind::kMinOf ? DurationOp::kMin : DurationOp::kMax;
    node->left = parse_duration(0);
    if (!node->left || !take_if(TokenKind::kComma)) return nullptr;
    node->right = parse_duration(0);
    if (!node->right) return nullptr;
  } else {
    node->op = name.kind == TokenKind::kStep ? DurationOp::kStep : DurationOp::kRange;
  }
  if (!take_if(TokenKind::kRightParen)) return nullptr;
  return finish(std::move(node), {name.range.begin, end_});
}

/// A literal in parentheses becomes an expression of its own, so that the printer keeps them.
NodePtr Parser::parse_duration_paren() {
  const Token open = take();
  NodePtr inner = parse_duration(0);
  if (!inner || !take_if(TokenKind::kRightParen)) return nullptr;
  const TextRange range{open.range.begin, end_};
  if (inner->kind == NodeKind::kDurationExpr) {
    static_cast<DurationExpr&>(*inner).wrapped = true;
    inner->range = range;
    return inner;
  }
  auto node = std::make_unique<DurationExpr>();
  node->op = DurationOp::kPlus;
  node->wrapped = true;
  node->right = std::move(inner);
  return finish(std::move(node), range);
}

/// Of a range or a step.
NodePtr Parser::parse_positive_duration() {
  NodePtr node = parse_duration(0);
  if (node && node->kind == NodeKind::kNumber &&
      static_cast<const NumberLiteral&>(*node).value <= 0) {
    complaints_.add(node->range, "duration must be greater than 0");
    return stand_in_duration(node->range);
  }
  return node;
}

/// An offset takes one operand, so that "foo offset 5m + bar" adds bar to foo. Only behind an
/// opening parenthesis or a second sign does Prometheus go on with arithmetic on the duration.
NodePtr Parser::parse_offset_duration() {
  const Level level(*this);
  if (level.too_deep()) return nullptr;
  const bool parenthesised = at(TokenKind::kLeftParen);
  if (!is_sign(token_.kind)) {
    NodePtr first = parse_duration_primary();
    return parenthesised ? parse_duration_operators(std::move(first), 0) : std::move(first);
  }
  const Token sign = take();
  const bool two_signs = is_sign(token_.kind);
  NodePtr operand = two_signs ? parse_duration(kDurationPowerPrecedence) : parse_duration_primary();
  if (!operand) return nullptr;
  NodePtr first = negate(sign, std::move(operand));
  return two_signs ? parse_duration_operators(std::move(first), 0) : std::move(first);
}

/// In place of a duration that was complained about.
NodePtr Parser::stand_in_duration(TextRange range) {
  auto node = std::make_unique<NumberLiteral>();
  node->value = 1;
  return finish(std::move(node), range);
}

}  // namespace tocsin::promql
