#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/promql/literals.h"
#include "harness/promql/parser_core.h"

namespace tocsin::promql {
namespace {

std::optional<MatchOp> match_op(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAssign:
      return MatchOp::kEqual;
    case TokenKind::kNotEqual:
      return MatchOp::kNotEqual;
    case TokenKind::kRegexMatch:
      return MatchOp::kRegex;
    case TokenKind::kRegexNoMatch:
      return MatchOp::kNotRegex;
    default:
      return std::nullopt;
  }
}

bool has_offset(const TimeShift& shift) {
  return shift.offset != Duration(0) || shift.offset_expr;
}

/// As C's "%f".
std::string in_decimals(double value) {
  return std::isfinite(value) ? fmt::format("{:f}", value) : format_plain(value);
}

}  // namespace

NodePtr Parser::parse_selector(std::optional<Token> name) {
  auto node = std::make_unique<VectorSelector>();
  const std::uint32_t begin = name ? name->range.begin : token_.range.begin;
  if (at(TokenKind::kLeftBrace) && !parse_matchers(*node)) return nullptr;
  if (name) {
    node->name = text_of(*name);
    node->matchers.push_back(Matcher::equal(std::string(kMetricName), node->name));
  }
  return finish(std::move(node), {begin, end_});
}

/// "{a="b", "name"}", with a comma at the end allowed.
bool Parser::parse_matchers(VectorSelector& selector) {
  take();
  while (!at(TokenKind::kRightBrace)) {
    if (!parse_matcher(selector)) return false;
    if (!take_if(TokenKind::kComma)) break;
  }
  if (take_if(TokenKind::kRightBrace)) return true;
  unexpected("label matching", "\",\" or \"}\"");
  return false;
}

bool Parser::parse_matcher(VectorSelector& selector) {
  const auto fail = [this](std::string_view expected) {
    unexpected("label matching", expected);
    return false;
  };
  const bool quoted = at(TokenKind::kString);
  if (!at(TokenKind::kIdentifier) && !(quoted && !options_.version_2)) {
    return fail("identifier or \"}\"");
  }
  const Token label = take();
  std::string name = quoted ? unquote(text_of(label)) : std::string(text_of(label));
  const std::optional<MatchOp> op = match_op(token_.kind);
  if (!op) {
    if (!quoted) return fail("label matching operator");
    selector.matchers.push_back(Matcher::equal(std::string(kMetricName), std::move(name)));
    return true;
  }
  take();
  if (!at(TokenKind::kString)) return fail("string");
  const Token value = take();
  Result<Matcher> matcher = Matcher::make(*op, std::move(name), unquote(text_of(value)),
                                          options_.version_2 ? Dot::kNoLineBreak : Dot::kAnything);
  if (matcher) {
    selector.matchers.push_back(std::move(*matcher));
  } else {
    complaints_.add(value.range, matcher.error());
  }
  return true;
}

/// What may follow an operand, as often as it likes; the rules on what goes with what are checked
/// where each is parsed.
NodePtr Parser::parse_modifiers(NodePtr node) {
  while (node) {
    switch (token_.kind) {
      case TokenKind::kLeftBracket:
        node = parse_brackets(std::move(node));
        break;
      case TokenKind::kOffset:
        node = parse_offset(std::move(node));
        break;
      case TokenKind::kAt:
        node = parse_at(std::move(node));
        break;
      case TokenKind::kAnchored:
      case TokenKind::kSmoothed:
        set_extension(*node, take());
        node->range.end = end_;
        break;
      default:
        return node;
    }
  }
  return nullptr;
}

/// A range [5m] or a subquery [5m:1m].
NodePtr Parser::parse_brackets(NodePtr node) {
  const Token open = take();
  NodePtr window = parse_positive_duration();
  if (!window) {
    return unexpected("subquery or range selector", "number, duration, step(), or range()");
  }
  if (const auto close = take_if(TokenKind::kRightBracket)) {
    return make_matrix(std::move(node), std::move(window), span_of(open.range, close->range));
  }
  if (!take_if(TokenKind::kColon)) return unexpected("subquery or range", "\":\" or \"]\"");
  auto subquery = std::make_unique<Subquery>();
  set_duration(std::move(window), subquery->window, subquery->window_expr);
  if (!at(TokenKind::kRightBracket)) {
    NodePtr step = parse_positive_duration();
    if (!step) {
      return unexpected("subquery selector", "number, duration, step(), range(), or \"]\"");
    }
    set_duration(std::move(step), subquery->step, subquery->step_expr);
  }
  if (!take_if(TokenKind::kRightBracket)) return unexpected("subquery selector", "\"]\"");
  const TextRange range{node->range.begin, end_};
  subquery->inner = std::move(node);
  return finish(std::move(subquery), range);
}

NodePtr Parser::make_matrix(NodePtr node, NodePtr window, TextRange brackets) {
  auto matrix = std::make_unique<MatrixSelector>();
  const TextRange range{node->range.begin, end_};
  set_duration(std::move(window), matrix->window, matrix->window_expr);
  if (node->kind == NodeKind::kVectorSelector) {
    matrix->vector.reset(static_cast<VectorSelector*>(node.release()));
    const TimeShift& shift = matrix->vector->shift;
    if (has_offset(shift)) {
      complaints_.add(brackets, "no offset modifiers allowed before range",
                      "the range comes first: metric[5m] offset 1h");
    } else if (shift.at != AtKind::kNone) {
      complaints_.add(brackets, "no @ modifiers allowed before range",
                      "the range comes first: metric[5m] @ 1700000000");
    }
  } else {
    complaints_.add(brackets, "ranges only allowed for vector selectors",
                    "a subquery has a colon: [5m:]");
    matrix->vector = std::make_unique<VectorSelector>();
  }
  return finish(std::move(matrix), range);
}

/// Where `node` keeps its offset and @; null, with a complaint, when it has none.
TimeShift* Parser::shift_of(Node& node, std::string_view modifier) {
  switch (node.kind) {
    case NodeKind::kVectorSelector:
      return &static_cast<VectorSelector&>(node).shift;
    case NodeKind::kMatrixSelector:
      return &static_cast<MatrixSelector&>(node).vector->shift;
    case NodeKind::kSubquery:
      return &static_cast<Subquery&>(node).shift;
    default:
      complaints_.add(node.range, fmt::format("{} modifier must be preceded by an instant vector "
                                              "selector or range vector selector or a subquery",
                                              modifier));
      return nullptr;
  }
}

NodePtr Parser::parse_offset(NodePtr node) {
  take();
  NodePtr offset = parse_offset_duration();
  if (!offset) return unexpected("offset", "number, duration, step(), or range()");
  if (TimeShift* const shift = shift_of(*node, "offset")) {
    if (has_offset(*shift)) complaints_.add(node->range, "offset may not be set multiple times");
    set_duration(std::move(offset), shift->offset, shift->offset_expr);
    if (node->kind == NodeKind::kMatrixSelector) {
      VectorSelector& vector = *static_cast<MatrixSelector&>(*node).vector;
      settle(vector, vector.range);
    }
    if (!settle(*node, node->range)) return nullptr;
  }
  node->range.end = end_;
  return node;
}

NodePtr Parser::parse_at(NodePtr node) {
  take();
  TimeShift parsed;
  if (!parse_at_time(*node, parsed)) return unexpected("@", "timestamp");
  if (TimeShift* const shift = shift_of(*node, "@")) {
    if (shift->at != AtKind::kNone) {
      complaints_.add(node->range, "@ <timestamp> may not be set multiple times");
    }
    shift->at = parsed.at;
    shift->at_time = parsed.at_time;
  }
  node->range.end = end_;
  return node;
}

/// What follows "@": seconds since the epoch, start() or end().
bool Parser::parse_at_time(const Node& node, TimeShift& shift) {
  if (at(TokenKind::kStart) || at(TokenKind::kEndWord)) {
    shift.at = take().kind == TokenKind::kStart ? AtKind::kStart : AtKind::kEnd;
    return take_if(TokenKind::kLeftParen) && take_if(TokenKind::kRightParen);
  }
  const bool negative = at(TokenKind::kSub);
  if (negative || at(TokenKind::kAdd)) take();
  if (!at(TokenKind::kNumber) && !at(TokenKind::kDuration)) return false;
  const double number = parse_number_or_duration()->value;
  const double seconds = negative ? -number : number;
  shift.at = AtKind::kTimestamp;
  if (!(std::abs(seconds) < 0x1p63)) {
    complaints_.add(node.range, "timestamp out of bounds for @ modifier: " + in_decimals(seconds));
    return true;
  }
  // No sample lies beyond a quarter of the range, and sums with it must not overflow.
  const double ms = std::clamp(seconds * 1000, -0x1p61, 0x1p61);
  shift.at_time = from_ms(std::llround(ms));
  return true;
}

void Parser::set_extension(Node& node, const Token& word) {
  const bool anchored = word.kind == TokenKind::kAnchored;
  const std::string_view name = anchored ? "anchored" : "smoothed";
  VectorSelector* selector = nullptr;
  if (node.kind == NodeKind::kVectorSelector) {
    selector = static_cast<VectorSelector*>(&node);
  } else if (node.kind == NodeKind::kMatrixSelector) {
    selector = static_cast<MatrixSelector&>(node).vector.get();
  } else if (node.kind == NodeKind::kSubquery) {
    complaints_.add(node.range, fmt::format("{} modifier is not supported for subqueries", name));
    return;
  } else {
    complaints_.add(node.range, fmt::format("{} modifier must be preceded by an instant vector "
                                            "selector or range vector selector",
                                            name));
    return;
  }
  (anchored ? selector->anchored : selector->smoothed) = true;
  if (selector->anchored && selector->smoothed) {
    complaints_.add(node.range, "anchored and smoothed modifiers cannot be used together");
  }
}

}  // namespace tocsin::promql
