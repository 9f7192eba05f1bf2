#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/base/utf8.h"
#include "harness/promql/functions.h"
#include "harness/promql/literals.h"
#include "harness/promql/parser_core.h"

namespace tocsin::promql {
namespace {

struct Operator {
  TokenKind token;
  BinaryOp op;
  int precedence;
};

constexpr int kPowerPrecedence = 6;

constexpr std::array kOperators = {
    Operator{TokenKind::kOr, BinaryOp::kOr, 1},
    Operator{TokenKind::kAnd, BinaryOp::kAnd, 2},
    Operator{TokenKind::kUnless, BinaryOp::kUnless, 2},
    Operator{TokenKind::kEqual, BinaryOp::kEqual, 3},
    Operator{TokenKind::kNotEqual, BinaryOp::kNotEqual, 3},
    Operator{TokenKind::kGreater, BinaryOp::kGreater, 3},
    Operator{TokenKind::kLess, BinaryOp::kLess, 3},
    Operator{TokenKind::kGreaterEqual, BinaryOp::kGreaterEqual, 3},
    Operator{TokenKind::kLessEqual, BinaryOp::kLessEqual, 3},
    Operator{TokenKind::kTrimUpper, BinaryOp::kTrimUpper, 3},
    Operator{TokenKind::kTrimLower, BinaryOp::kTrimLower, 3},
    Operator{TokenKind::kAdd, BinaryOp::kAdd, 4},
    Operator{TokenKind::kSub, BinaryOp::kSub, 4},
    Operator{TokenKind::kMul, BinaryOp::kMul, 5},
    Operator{TokenKind::kDiv, BinaryOp::kDiv, 5},
    Operator{TokenKind::kMod, BinaryOp::kMod, 5},
    Operator{TokenKind::kAtan2, BinaryOp::kAtan2, 5},
    Operator{TokenKind::kPow, BinaryOp::kPow, kPowerPrecedence},
};

const Operator* find_operator(TokenKind token) {
  const auto* const found =
      std::find_if(kOperators.begin(), kOperators.end(),
                   [token](const Operator& known) { return known.token == token; });
  return found == kOperators.end() ? nullptr : found;
}

AggregateOp aggregate_op(TokenKind token) {
  switch (token) {
    case TokenKind::kAvg:
      return AggregateOp::kAvg;
    case TokenKind::kBottomk:
      return AggregateOp::kBottomk;
    case TokenKind::kCount:
      return AggregateOp::kCount;
    case TokenKind::kCountValues:
      return AggregateOp::kCountValues;
    case TokenKind::kGroup:
      return AggregateOp::kGroup;
    case TokenKind::kLimitRatio:
      return AggregateOp::kLimitRatio;
    case TokenKind::kLimitk:
      return AggregateOp::kLimitk;
    case TokenKind::kMax:
      return AggregateOp::kMax;
    case TokenKind::kMin:
      return AggregateOp::kMin;
    case TokenKind::kQuantile:
      return AggregateOp::kQuantile;
    case TokenKind::kStddev:
      return AggregateOp::kStddev;
    case TokenKind::kStdvar:
      return AggregateOp::kStdvar;
    case TokenKind::kTopk:
      return AggregateOp::kTopk;
    default:
      return AggregateOp::kSum;
  }
}

/// Keywords that may also name a metric.
bool can_name_metric(TokenKind kind) {
  switch (kind) {
    case TokenKind::kIdentifier:
    case TokenKind::kMetricIdentifier:
    case TokenKind::kAnd:
    case TokenKind::kOr:
    case TokenKind::kUnless:
    case TokenKind::kAnchored:
    case TokenKind::kBy:
    case TokenKind::kFill:
    case TokenKind::kFillLeft:
    case TokenKind::kFillRight:
    case TokenKind::kOffset:
    case TokenKind::kSmoothed:
    case TokenKind::kWithout:
      return true;
    default:
      return is_aggregator(kind) || is_time_word(kind);
  }
}

/// Keywords that may also name a label.
bool can_name_label(TokenKind kind) {
  switch (kind) {
    case TokenKind::kWithout:
      return false;
    case TokenKind::kAtan2:
      return true;
    default:
      return can_name_metric(kind) || is_keyword(kind);
  }
}

/// A name that was not finished, such as quantile_over, before one that was mistyped.
std::string function_hint(std::string_view name) {
  constexpr std::size_t kLeastTyped = 3;
  constexpr std::size_t kMostMissing = 5;
  if (name == "holt_winters") return "Prometheus 3 calls it double_exponential_smoothing";
  std::vector<std::string_view> names;
  for (const Function& function : functions()) {
    if (!function.only_version_2) names.push_back(function.name);
  }
  for (int op = 0; op <= static_cast<int>(AggregateOp::kLimitRatio); ++op) {
    names.push_back(to_string(static_cast<AggregateOp>(op)));
  }
  const auto unfinished = std::find_if(names.begin(), names.end(), [name](std::string_view known) {
    return name.size() >= kLeastTyped && known.substr(0, name.size()) == name &&
           known.size() - name.size() <= kMostMissing;
  });
  const std::string nearest =
      unfinished != names.end() ? std::string(*unfinished) : nearest_name(name, names);
  return nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest);
}

}  // namespace

/// Operators at least as tight as `loosest`.
NodePtr Parser::parse_binary(int loosest) {
  NodePtr left = parse_operand();
  while (left) {
    const Operator* const op = find_operator(token_.kind);
    if (!op || op->precedence < loosest) return left;
    auto node = std::make_unique<Binary>();
    node->op = op->op;
    node->op_range = take().range;
    if (!parse_matching(*node)) return nullptr;
    node->op_range.end = end_;
    node->right = op->op == BinaryOp::kPow ? parse_exponent() : parse_binary(op->precedence + 1);
    if (!node->right) return nullptr;
    const TextRange range = span_of(left->range, node->right->range);
    node->left = std::move(left);
    left = finish(std::move(node), range);
  }
  return nullptr;
}

/// "^" binds from the right: a ^ b ^ c is a ^ (b ^ c).
NodePtr Parser::parse_exponent() {
  const Level level(*this);
  return level.too_deep() ? nullptr : parse_binary(kPowerPrecedence);
}

NodePtr Parser::parse_operand() {
  const Level level(*this);
  if (level.too_deep()) return nullptr;
  if (at(TokenKind::kAdd) || at(TokenKind::kSub)) return parse_unary();
  NodePtr node = parse_primary();
  return node ? parse_modifiers(std::move(node)) : unexpected();
}

/// A sign binds like "*": -a ^ b is -(a ^ b). On a number it becomes part of the number.
NodePtr Parser::parse_unary() {
  const Token sign = take();
  const bool negative = sign.kind == TokenKind::kSub;
  NodePtr operand = parse_binary(kPowerPrecedence);
  if (!operand) return nullptr;
  const TextRange range = span_of(sign.range, operand->range);
  if (operand->kind == NodeKind::kNumber) {
    auto& number = static_cast<NumberLiteral&>(*operand);
    if (negative) number.value = -number.value;
    number.range = range;
    return operand;
  }
  auto node = std::make_unique<Unary>();
  node->negative = negative;
  node->operand = std::move(operand);
  return finish(std::move(node), range);
}

NodePtr Parser::parse_primary() {
  switch (token_.kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
      return parse_number_or_duration();
    case TokenKind::kString:
      return parse_string();
    case TokenKind::kLeftParen:
      return parse_paren();
    case TokenKind::kLeftBrace:
      return parse_selector(std::nullopt);
    default:
      return can_name_metric(token_.kind) ? parse_word() : nullptr;
  }
}

/// A word is a function or an aggregation when a parenthesis (or grouping) follows; else a metric.
NodePtr Parser::parse_word() {
  const Token word = take();
  const bool paren = at(TokenKind::kLeftParen);
  if (is_aggregator(word.kind)) {
    if (paren || at(TokenKind::kBy) || at(TokenKind::kWithout)) return parse_aggregate(word);
  } else if (paren && (word.kind == TokenKind::kIdentifier || is_time_word(word.kind))) {
    return parse_call(word);
  }
  return parse_selector(word);
}

NodePtr Parser::parse_paren() {
  const Token open = take();
  auto node = std::make_unique<Paren>();
  node->inner = parse_binary(0);
  if (!node->inner || !at(TokenKind::kRightParen)) return unexpected();
  const Token close = take();
  return finish(std::move(node), span_of(open.range, close.range));
}

NodePtr Parser::parse_string() {
  const Token token = take();
  auto node = std::make_unique<StringLiteral>();
  node->value = unquote(text_of(token));
  return finish(std::move(node), token.range);
}

std::unique_ptr<NumberLiteral> Parser::parse_number_or_duration() {
  const Token token = take();
  auto node = std::make_unique<NumberLiteral>();
  if (token.kind == TokenKind::kDuration) {
    node->written_as_duration = true;
    const Result<Duration> duration = parse_duration_literal(text_of(token));
    if (duration) node->value = std::chrono::duration<double>(*duration).count();
    if (!duration) complaints_.add(token.range, duration.error());
  } else {
    const Result<double> number = parse_number(text_of(token));
    if (number) node->value = *number;
    if (!number) complaints_.add(token.range, number.error());
  }
  return finish(std::move(node), token.range);
}

NodePtr Parser::parse_call(const Token& name) {
  auto node = std::make_unique<Call>();
  node->function = find_function(text_of(name));
  if (node->function && node->function->only_version_2 && !options_.version_2) {
    node->function = nullptr;
  }
  if (!node->function && !complaints_.full()) {
    complaints_.add(name.range, "unknown function with name " + quote_shortened(text_of(name)),
                    function_hint(text_of(name)));
  }
  if (!parse_arguments(node->arguments)) return unexpected();
  return finish(std::move(node), {name.range.begin, end_});
}

/// "(a, b)"; the present token is "(".
bool Parser::parse_arguments(std::vector<NodePtr>& arguments) {
  if (!take_if(TokenKind::kLeftParen)) return false;
  if (take_if(TokenKind::kRightParen)) return true;
  while (true) {
    NodePtr argument = parse_binary(0);
    if (!argument) return false;
    arguments.push_back(std::move(argument));
    bool more = false;
    for (; at(TokenKind::kComma); more = true) {
      const Token comma = take();
      if (!at(TokenKind::kRightParen) && !at(TokenKind::kComma)) continue;
      complaints_.add(comma.range, "trailing commas not allowed in function call args");
    }
    if (take_if(TokenKind::kRightParen)) return true;
    if (!more) return false;
  }
}

NodePtr Parser::parse_aggregate(const Token& name) {
  ++open_aggregations_;
  auto node = std::make_unique<Aggregate>();
  node->op = aggregate_op(name.kind);
  std::vector<NodePtr> arguments;
  const bool grouping_first = !at(TokenKind::kLeftParen);
  if (grouping_first && !parse_grouping_clause(*node)) return unexpected();
  if (!parse_arguments(arguments)) return unexpected();
  if (!grouping_first && (at(TokenKind::kBy) || at(TokenKind::kWithout))) {
    if (!parse_grouping_clause(*node)) return unexpected();
  }
  --open_aggregations_;
  const TextRange range{name.range.begin, end_};
  const std::size_t wanted = takes_parameter(node->op) ? 2 : 1;
  if (arguments.empty()) {
    complaints_.add(range, "no arguments for aggregate expression provided");
  } else if (arguments.size() != wanted) {
    complaints_.add(range, fmt::format("wrong number of arguments for aggregate expression "
                                       "provided, expected {}, got {}",
                                       wanted, arguments.size()));
  } else {
    node->argument = std::move(arguments.back());
    if (wanted == 2) node->parameter = std::move(arguments.front());
  }
  return finish(std::move(node), range);
}

bool Parser::parse_grouping_clause(Aggregate& node) {
  node.without = take().kind == TokenKind::kWithout;
  return parse_grouping(node.grouping);
}

/// What may follow a binary operator: bool, on or ignoring, group_left or group_right, fill.
bool Parser::parse_matching(Binary& node) {
  node.return_bool = take_if(TokenKind::kBool).has_value();
  VectorMatching& matching = node.matching.emplace();
  if (at(TokenKind::kOn) || at(TokenKind::kIgnoring)) {
    matching.on = take().kind == TokenKind::kOn;
    if (!parse_grouping(matching.labels)) return false;
    if (at(TokenKind::kGroupLeft) || at(TokenKind::kGroupRight)) {
      const bool left = take().kind == TokenKind::kGroupLeft;
      matching.cardinality = left ? Cardinality::kManyToOne : Cardinality::kOneToMany;
      if (at(TokenKind::kLeftParen) && !parse_grouping(matching.include)) return false;
    }
  }
  return parse_fill(matching);
}

/// fill(x), or fill_left(x) and fill_right(y) in any order, or one of them.
bool Parser::parse_fill(VectorMatching& matching) {
  if (take_if(TokenKind::kFill)) {
    matching.fill_left = matching.fill_right = parse_fill_value();
    return matching.fill_left.has_value();
  }
  while ((at(TokenKind::kFillLeft) && !matching.fill_left) ||
         (at(TokenKind::kFillRight) && !matching.fill_right)) {
    const bool left = take().kind == TokenKind::kFillLeft;
    std::optional<double>& value = left ? matching.fill_left : matching.fill_right;
    value = parse_fill_value();
    if (!value) return false;
  }
  return true;
}

std::optional<double> Parser::parse_fill_value() {
  const auto fail = [this] {
    unexpected();
    return std::nullopt;
  };
  if (!take_if(TokenKind::kLeftParen)) return fail();
  const bool negative = at(TokenKind::kSub);
  if (negative || at(TokenKind::kAdd)) take();
  if (!at(TokenKind::kNumber) && !at(TokenKind::kDuration)) return fail();
  const double value = parse_number_or_duration()->value;
  if (!take_if(TokenKind::kRightParen)) return fail();
  return negative ? -value : value;
}

/// "(a, b)" or "()", with a comma at the end allowed.
bool Parser::parse_grouping(std::vector<std::string>& labels) {
  constexpr std::string_view kContext = "grouping opts";
  const auto fail = [&](std::string_view expected) {
    unexpected(kContext, expected);
    return false;
  };
  if (!take_if(TokenKind::kLeftParen)) return fail("\"(\"");
  while (!at(TokenKind::kRightParen)) {
    const bool may_be_quoted = at(TokenKind::kString) && !options_.version_2;
    if (!may_be_quoted && !can_name_label(token_.kind)) return fail("label");
    const Token token = take();
    const bool quoted = token.kind == TokenKind::kString;
    std::string label = quoted ? unquote(text_of(token)) : std::string(text_of(token));
    if (label.empty() || find_invalid_utf8(label)) {
      complaints_.add(token.range, "invalid label name for grouping: " + quote(label));
    }
    labels.push_back(std::move(label));
    if (!take_if(TokenKind::kComma)) break;
  }
  if (!at(TokenKind::kRightParen)) return fail("\",\" or \")\"");
  take();
  return true;
}

}  // namespace tocsin::promql
