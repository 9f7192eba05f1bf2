#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/promql/ast.h"

namespace tocsin::promql {

/// In groups that is_operator() and its siblings rely on.
enum class TokenKind : std::uint8_t {
  kEnd,
  kError,
  kIdentifier,
  kMetricIdentifier,  ///< an identifier with a colon
  kString,
  kNumber,
  kDuration,

  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kAssign,  ///< "="

  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kEqual,
  kNotEqual,
  kGreater,
  kLess,
  kGreaterEqual,
  kLessEqual,
  kTrimUpper,
  kTrimLower,
  kRegexMatch,
  kRegexNoMatch,
  kAt,
  kAnd,
  kOr,
  kUnless,
  kAtan2,

  kAvg,
  kBottomk,
  kCount,
  kCountValues,
  kGroup,
  kLimitRatio,
  kLimitk,
  kMax,
  kMin,
  kQuantile,
  kStddev,
  kStdvar,
  kSum,
  kTopk,

  kAnchored,
  kBool,
  kBy,
  kFill,
  kFillLeft,
  kFillRight,
  kGroupLeft,
  kGroupRight,
  kIgnoring,
  kOffset,
  kOn,
  kSmoothed,
  kWithout,

  kEndWord,
  kMaxOf,
  kMinOf,
  kRange,
  kStart,
  kStep,
};

bool is_operator(TokenKind kind);
bool is_aggregator(TokenKind kind);
/// by, offset, bool and their like.
bool is_keyword(TokenKind kind);
/// start, end, step, range, min_of and max_of: functions too.
bool is_time_word(TokenKind kind);

struct Token {
  TokenKind kind = TokenKind::kEnd;
  TextRange range;
};

/// What a word means outside braces, whatever its letter case; kIdentifier when it is no keyword.
/// inf and nan are numbers.
TokenKind find_word(std::string_view word);

/// A token as messages name it: identifier "x", <op:+>, "}", end of input.
std::string describe(const Token& token, std::string_view text);

}  // namespace tocsin::promql
