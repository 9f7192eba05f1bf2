#include "harness/promql/lexer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/promql/literals.h"
#include "harness/promql/numbers.h"

namespace tocsin::promql {
namespace {

bool is_space(int c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_alpha(int c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_alnum(int c) {
  return is_alpha(c) || is_digit(c);
}

/// Of a digit in any base up to 16; 16 for anything else.
int digit_value(int c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

TokenKind symbol_kind(char c) {
  switch (c) {
    case ',':
      return TokenKind::kComma;
    case '+':
      return TokenKind::kAdd;
    case '-':
      return TokenKind::kSub;
    case '*':
      return TokenKind::kMul;
    case '/':
      return TokenKind::kDiv;
    case '%':
      return TokenKind::kMod;
    case '^':
      return TokenKind::kPow;
    case '@':
      return TokenKind::kAt;
    default:
      return TokenKind::kError;
  }
}

}  // namespace

std::string_view Lexer::text_of(const Token& token) const {
  return text_.substr(token.range.begin, token.range.end - token.range.begin);
}

Token Lexer::next() {
  if (done_) return last_;
  const bool any_left = skip_blanks();
  begin_ = at_;
  if (!any_left) {
    last_ = end_of_text();
  } else if (in_braces_) {
    last_ = lex_braces();
  } else if (in_brackets_ && !number_seen_) {
    last_ = lex_duration();
  } else {
    last_ = lex_statement();
  }
  done_ = last_.kind == TokenKind::kEnd || last_.kind == TokenKind::kError;
  return last_;
}

bool Lexer::skip_blanks() {
  for (; at_ < text_.size(); ++at_) {
    if (is_space(peek())) continue;
    if (peek() != '#') return true;
    at_ = std::min(text_.find_first_of("\r\n", at_), text_.size() - 1);
  }
  return false;
}

/// Stands right behind the last token, so that errors show the line that something is missing from.
Token Lexer::end_of_text() {
  const std::size_t end = last_.range.end;
  begin_ = at_ = end;
  if (in_braces_) return fail(end, end, "unexpected end of input inside braces");
  if (open_parens_ > 0) {
    const std::string_view before = text_.substr(0, outermost_paren_);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
    return fail(end, end, "unclosed left parenthesis",
                fmt::format("the one at {}:{} is never closed", line,
                            utf8_length(before.substr(line_begin)) + 1));
  }
  if (in_brackets_ && !number_seen_) {
    return fail(end, end, "unexpected end of input in duration expression");
  }
  if (in_brackets_) return fail(end, end, "unclosed left bracket");
  return emit(TokenKind::kEnd);
}

Token Lexer::lex_statement() {
  const int c = peek();
  if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
    return lex_number();
  }
  if (is_alpha(c) || c == ':') {
    if (!in_brackets_) return lex_word();
    if (c != ':') return lex_duration_word("unexpected character: {}, expected ':'", "");
    ++at_;
    if (std::exchange(colon_seen_, true)) return fail(begin_, at_, "unexpected colon ':'");
    return emit(TokenKind::kColon);
  }
  ++at_;
  return lex_symbol(static_cast<char>(c));
}

Token Lexer::lex_symbol(char c) {
  switch (c) {
    case '=':
    case '!':
      return lex_bang_or_assign(c);
    case '<':
    case '>':
      return lex_comparison(c);
    case '"':
    case '\'':
      return lex_string(c);
    case '`':
      return lex_raw_string();
    case '(':
    case ')':
    case '[':
    case ']':
      return lex_paren_or_bracket(c);
    case '{':
      in_braces_ = true;
      return emit(TokenKind::kLeftBrace);
    default:
      break;
  }
  const TokenKind kind = symbol_kind(c);
  if (kind != TokenKind::kError) return emit(kind);
  return fail(begin_, character_end(begin_), "unexpected character: " + quoted_character(begin_),
              c == '.' ? "a metric name with dots is quoted, in braces: {\"my.metric\"}" : "");
}

Token Lexer::lex_bang_or_assign(char c) {
  const int after = peek();
  if (after == '=') {
    ++at_;
    return emit(c == '=' ? TokenKind::kEqual : TokenKind::kNotEqual);
  }
  if (c == '=' && after != '~') return emit(TokenKind::kAssign);
  std::string hint = after == '~' ? "label matchers stand inside braces: metric{label" +
                                        std::string(1, c) + "~\"…\"}"
                                  : std::string();
  return fail(begin_, character_end(at_),
              fmt::format("unexpected character after '{}': {}", c, quoted_character(at_)),
              std::move(hint));
}

Token Lexer::lex_comparison(char c) {
  const bool less = c == '<';
  if (accept("=")) return emit(less ? TokenKind::kLessEqual : TokenKind::kGreaterEqual);
  if (accept("/")) return emit(less ? TokenKind::kTrimUpper : TokenKind::kTrimLower);
  return emit(less ? TokenKind::kLess : TokenKind::kGreater);
}

Token Lexer::lex_paren_or_bracket(char c) {
  switch (c) {
    case '(':
      if (open_parens_++ == 0) outermost_paren_ = begin_;
      return emit(TokenKind::kLeftParen);
    case ')':
      if (open_parens_ == 0) return fail(begin_, at_, "unexpected right parenthesis ')'");
      --open_parens_;
      return emit(TokenKind::kRightParen);
    case '[':
      if (in_brackets_) return fail(begin_, at_, "unexpected left bracket '['");
      in_brackets_ = true;
      number_seen_ = false;
      colon_seen_ = false;
      return emit(TokenKind::kLeftBracket);
    default:
      if (!in_brackets_) return fail(begin_, at_, "unexpected right bracket ']'");
      in_brackets_ = false;
      return emit(TokenKind::kRightBracket);
  }
}

Token Lexer::lex_braces() {
  if (is_alpha(peek())) {
    while (is_alnum(peek())) ++at_;
    return emit(TokenKind::kIdentifier);
  }
  const char c = text_[at_++];
  switch (c) {
    case ',':
      return emit(TokenKind::kComma);
    case '"':
    case '\'':
      return lex_string(c);
    case '`':
      return lex_raw_string();
    case '=':
      return emit(accept("~") ? TokenKind::kRegexMatch : TokenKind::kAssign);
    case '!':
      if (accept("~")) return emit(TokenKind::kRegexNoMatch);
      if (accept("=")) return emit(TokenKind::kNotEqual);
      return fail(begin_, character_end(at_),
                  "unexpected character after '!' inside braces: " + quoted_character(at_));
    case '{':
      return fail(begin_, at_, "unexpected left brace '{'");
    case '}':
      in_braces_ = false;
      return emit(TokenKind::kRightBrace);
    default:
      return fail(begin_, character_end(begin_),
                  "unexpected character inside braces: " + quoted_character(begin_),
                  std::string_view(".-/:").find(c) != std::string_view::npos
                      ? "a label name with such characters is quoted: {\"my.label\"=\"x\"}"
                      : "");
  }
}

/// Between "[" and the first number.
Token Lexer::lex_duration() {
  const int c = peek();
  if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
    return lex_number();
  }
  constexpr std::string_view kComplaint = "unexpected character in duration expression: {}";
  constexpr std::string_view kAdvice = "a range is written like [5m], [1h30m] or [5m:1m]";
  if (is_alpha(c)) return lex_duration_word(kComplaint, kAdvice);
  ++at_;
  switch (c) {
    case '(':
    case ')':
    case ']':
      return lex_paren_or_bracket(static_cast<char>(c));
    case ':':
      if (std::exchange(colon_seen_, true)) {
        return fail(begin_, at_, "unexpected repeated colon in duration expression");
      }
      return emit(TokenKind::kColon);
    default:
      break;
  }
  const TokenKind kind = symbol_kind(static_cast<char>(c));
  if (kind != TokenKind::kError && kind != TokenKind::kAt) return emit(kind);
  return fail(begin_, character_end(begin_),
              fmt::format(fmt::runtime(kComplaint), quoted_character(begin_)),
              std::string(kAdvice));
}

Token Lexer::lex_duration_word(std::string_view complaint, std::string_view advice) {
  while (is_alpha(peek())) ++at_;
  const TokenKind kind = find_word(text_.substr(begin_, at_ - begin_));
  switch (kind) {
    case TokenKind::kStep:
    case TokenKind::kRange:
    case TokenKind::kMaxOf:
    case TokenKind::kMinOf:
      return emit(kind);
    default:
      return fail(begin_, at_, fmt::format(fmt::runtime(complaint), quoted_character(begin_)),
                  std::string(advice));
  }
}

Token Lexer::lex_word() {
  bool colon = false;
  for (; is_alnum(peek()) || peek() == ':'; ++at_) colon |= peek() == ':';
  if (colon) return emit(TokenKind::kMetricIdentifier);
  const TokenKind kind = find_word(text_.substr(begin_, at_ - begin_));
  // The fill modifiers came late; metrics of these names stay metrics.
  const bool fill =
      kind == TokenKind::kFill || kind == TokenKind::kFillLeft || kind == TokenKind::kFillRight;
  return emit(fill && !followed_by_left_paren() ? TokenKind::kIdentifier : kind);
}

bool Lexer::followed_by_left_paren() const {
  std::size_t at = at_;
  while (at < text_.size() && is_space(text_[at])) ++at;
  return at < text_.size() && text_[at] == '(';
}

Token Lexer::lex_number() {
  number_seen_ = true;
  if (scan_number()) return emit(TokenKind::kNumber);
  if (scan_duration_units()) return emit(TokenKind::kDuration);
  const std::string_view read = text_.substr(begin_, at_ - begin_);
  std::size_t word_end = at_;
  while (word_end < text_.size() && is_alnum(text_[word_end])) ++word_end;
  return fail(begin_, word_end, "bad number or duration syntax: " + quote_shortened(read),
              "numbers are written like 0.5, 1e3 or 0x1f, durations like 30s, 5m or 1h30m");
}

bool Lexer::accept(std::string_view set) {
  if (at_ >= text_.size() || set.find(text_[at_]) == std::string_view::npos) return false;
  ++at_;
  return true;
}

bool Lexer::scan_number() {
  bool hexadecimal = false;
  if (accept("0") && accept("xX")) {
    hexadecimal = true;
    accept("_");
  }
  // Whatever follows the number must not be part of a word.
  return scan_digits(hexadecimal) && !is_alnum(peek());
}

/// Digits with at most one dot, one exponent, and underscores between digits. On failure the
/// position is behind the character that is wrong, or at the unit of a duration.
bool Lexer::scan_digits(bool hexadecimal) {
  const std::string_view digits = hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";
  bool dot = false;
  bool exponent = false;
  while (at_ < text_.size()) {
    if (accept(digits)) continue;
    if (accept(".")) {
      if (std::exchange(dot, true) || hexadecimal || accept("_.")) return false;
    } else if (accept("eE")) {
      if (std::exchange(exponent, true)) return false;
      accept("+-");
      if (accept("._eE") || peek() == kEof) return false;
    } else if (accept("_")) {
      if (accept("._eE") || peek() == kEof) return false;
    } else {
      break;
    }
  }
  return true;
}

bool Lexer::scan_duration_units() {
  constexpr std::string_view kDigits = "0123456789";
  if (!accept("smhdwy")) return false;
  accept("s");
  while (accept(kDigits)) {
    while (accept(kDigits)) {
    }
    if (!accept("smhdw")) return false;
    accept("s");
  }
  if (!is_alnum(peek())) return true;
  ++at_;
  return false;
}

Token Lexer::lex_string(char quote_mark) {
  const std::size_t begin = begin_;
  while (true) {
    const int c = peek();
    if (c == kEof || c == '\n') return fail(begin, at_, "unterminated quoted string");
    if (c == '\\') {
      ++at_;
      std::string complaint = scan_escape(quote_mark);
      if (!complaint.empty()) {
        std::string hint = "a backslash is written \\\\ in a quoted string, or use backticks";
        return fail(begin, std::min(at_, text_.size()), std::move(complaint), std::move(hint));
      }
      continue;
    }
    const std::size_t end = character_end(at_);
    if (c >= 0x80 && end == at_ + 1) return fail(begin, end, "invalid UTF-8 rune");
    at_ = end;
    if (c == quote_mark) return emit(TokenKind::kString);
  }
}

Token Lexer::lex_raw_string() {
  const std::size_t close = text_.find('`', at_);
  const std::string_view body = text_.substr(at_, close - at_);
  if (const auto bad = find_invalid_utf8(body)) {
    return fail(begin_, at_ + *bad + 1, "invalid UTF-8 rune");
  }
  if (close == std::string_view::npos) {
    return fail(begin_, text_.size(), "unterminated raw string");
  }
  at_ = close + 1;
  return emit(TokenKind::kString);
}

/// Reads what follows a backslash; gives the complaint, empty when all is well.
std::string Lexer::scan_escape(char quote_mark) {
  if (at_ >= text_.size()) return "escape sequence not terminated";
  const char c = text_[at_];
  if (c == quote_mark || std::string_view("abfnrtv\\").find(c) != std::string_view::npos) {
    ++at_;
    return {};
  }
  if (c >= '0' && c <= '7') return scan_hex_escape(3, 8, 0xFF);
  if (c == 'x' || c == 'u' || c == 'U') {
    ++at_;
    const int digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
    return scan_hex_escape(digits, 16, c == 'x' ? 0xFF : 0x10FFFF);
  }
  const std::size_t begin = at_;
  at_ = character_end(at_);
  return "unknown escape sequence " + named_character(begin);
}

std::string Lexer::scan_hex_escape(int digits, int base, std::uint32_t largest) {
  std::uint32_t value = 0;
  for (int i = 0; i < digits; ++i) {
    if (at_ >= text_.size()) return "escape sequence not terminated";
    const int digit = digit_value(peek());
    if (digit >= base) {
      const std::size_t begin = at_;
      at_ = character_end(at_);
      return "illegal character " + named_character(begin) + " in escape sequence";
    }
    value = value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
    ++at_;
  }
  const bool surrogate = value >= 0xD800 && value < 0xE000;
  if (value <= largest && !surrogate) return {};
  return "escape sequence is an invalid Unicode code point";
}

std::size_t Lexer::character_end(std::size_t at) const {
  if (at >= text_.size()) return text_.size();
  const std::string_view next = text_.substr(at, 4);
  return at + utf8_characters(next).front().size();
}

std::string Lexer::quoted_character(std::size_t at) const {
  if (at >= text_.size()) return "end of input";
  const std::string_view character = text_.substr(at, character_end(at) - at);
  if (character == "'") return "'\\''";
  if (character == "\"") return "'\"'";
  std::string quoted = quote(character);
  quoted.front() = '\'';
  quoted.back() = '\'';
  return quoted;
}

std::string Lexer::named_character(std::size_t at) const {
  const std::string_view character = text_.substr(at, character_end(at) - at);
  return fmt::format("U+{:04X} {}", static_cast<std::uint32_t>(code_point(character)),
                     quoted_character(at));
}

Token Lexer::emit(TokenKind kind) {
  return {kind, {static_cast<std::uint32_t>(begin_), static_cast<std::uint32_t>(at_)}};
}

Token Lexer::fail(std::size_t begin, std::size_t end, std::string message, std::string hint) {
  error_ = std::move(message);
  hint_ = std::move(hint);
  return {TokenKind::kError, {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)}};
}

}  // namespace tocsin::promql
