#include "harness/promql/token.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/promql/literals.h"

namespace tocsin::promql {
namespace {

using Word = std::pair<std::string_view, TokenKind>;

/// In name order.
constexpr std::array kWords = {
    Word{"anchored", TokenKind::kAnchored},
    Word{"and", TokenKind::kAnd},
    Word{"atan2", TokenKind::kAtan2},
    Word{"avg", TokenKind::kAvg},
    Word{"bool", TokenKind::kBool},
    Word{"bottomk", TokenKind::kBottomk},
    Word{"by", TokenKind::kBy},
    Word{"count", TokenKind::kCount},
    Word{"count_values", TokenKind::kCountValues},
    Word{"end", TokenKind::kEndWord},
    Word{"fill", TokenKind::kFill},
    Word{"fill_left", TokenKind::kFillLeft},
    Word{"fill_right", TokenKind::kFillRight},
    Word{"group", TokenKind::kGroup},
    Word{"group_left", TokenKind::kGroupLeft},
    Word{"group_right", TokenKind::kGroupRight},
    Word{"ignoring", TokenKind::kIgnoring},
    Word{"inf", TokenKind::kNumber},
    Word{"limit_ratio", TokenKind::kLimitRatio},
    Word{"limitk", TokenKind::kLimitk},
    Word{"max", TokenKind::kMax},
    Word{"max_of", TokenKind::kMaxOf},
    Word{"min", TokenKind::kMin},
    Word{"min_of", TokenKind::kMinOf},
    Word{"nan", TokenKind::kNumber},
    Word{"offset", TokenKind::kOffset},
    Word{"on", TokenKind::kOn},
    Word{"or", TokenKind::kOr},
    Word{"quantile", TokenKind::kQuantile},
    Word{"range", TokenKind::kRange},
    Word{"smoothed", TokenKind::kSmoothed},
    Word{"start", TokenKind::kStart},
    Word{"stddev", TokenKind::kStddev},
    Word{"stdvar", TokenKind::kStdvar},
    Word{"step", TokenKind::kStep},
    Word{"sum", TokenKind::kSum},
    Word{"topk", TokenKind::kTopk},
    Word{"unless", TokenKind::kUnless},
    Word{"without", TokenKind::kWithout},
};

constexpr std::size_t kLongestWord = 12;

bool between(TokenKind kind, TokenKind first, TokenKind last) {
  return kind >= first && kind <= last;
}

}  // namespace

bool is_operator(TokenKind kind) {
  return between(kind, TokenKind::kAdd, TokenKind::kAtan2);
}
bool is_aggregator(TokenKind kind) {
  return between(kind, TokenKind::kAvg, TokenKind::kTopk);
}
bool is_keyword(TokenKind kind) {
  return between(kind, TokenKind::kAnchored, TokenKind::kWithout);
}
bool is_time_word(TokenKind kind) {
  return between(kind, TokenKind::kEndWord, TokenKind::kStep);
}

TokenKind find_word(std::string_view word) {
  if (word.size() > kLongestWord) return TokenKind::kIdentifier;
  std::array<char, kLongestWord> buffer{};
  std::transform(word.begin(), word.end(), buffer.begin(),
                 [](char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view lower(buffer.data(), word.size());
  const auto found = std::lower_bound(
      kWords.begin(), kWords.end(), lower,
      [](const Word& entry, std::string_view wanted) { return entry.first < wanted; });
  return found != kWords.end() && found->first == lower ? found->second : TokenKind::kIdentifier;
}

std::string describe(const Token& token, std::string_view text) {
  constexpr std::size_t kShown = 10;
  const auto shortened = [&] {
    const auto characters = utf8_characters(text);
    if (characters.size() <= kShown) return quote(text);
    const char* const end = characters[kShown].data();
    return quote(text.substr(0, static_cast<std::size_t>(end - text.data()))) + "...";
  };
  const TokenKind kind = token.kind;
  if (is_operator(kind)) return fmt::format("<op:{}>", text);
  if (is_aggregator(kind)) return fmt::format("<aggr:{}>", text);
  if (is_keyword(kind)) return fmt::format("<{}>", text);
  switch (kind) {
    case TokenKind::kEnd:
      return "end of input";
    case TokenKind::kIdentifier:
      return "identifier " + quote_shortened(text);
    case TokenKind::kMetricIdentifier:
      return "metric identifier " + quote_shortened(text);
    case TokenKind::kString:
      return "string " + shortened();
    case TokenKind::kNumber:
      return "number " + shortened();
    case TokenKind::kDuration:
      return "duration " + shortened();
    default:
      return shortened();
  }
}

}  // namespace tocsin::promql
