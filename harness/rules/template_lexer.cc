#include "harness/rules/template_lexer.h"

#include <array>
#include <utility>

namespace tocsin::rules::templates {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

bool is_space(char c) {
  return kSpaces.find(c) != std::string_view::npos;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Letters beyond ASCII count as letters: label names may hold them.
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

constexpr std::array<std::pair<std::string_view, TokenKind>, 13> kKeywords = {{
    {"block", TokenKind::kBlock},
    {"break", TokenKind::kBreak},
    {"continue", TokenKind::kContinue},
    {"define", TokenKind::kDefine},
    {"else", TokenKind::kElse},
    {"end", TokenKind::kEnd},
    {"if", TokenKind::kIf},
    {"nil", TokenKind::kNil},
    {"range", TokenKind::kRange},
    {"template", TokenKind::kTemplate},
    {"with", TokenKind::kWith},
    {"true", TokenKind::kBool},
    {"false", TokenKind::kBool},
}};

TokenKind word_kind(std::string_view word) {
  for (const auto& [keyword, kind] : kKeywords) {
    if (keyword == word) return kind;
  }
  return TokenKind::kIdentifier;
}

class Lexer {
 public:
  explicit Lexer(std::string_view input) : input_(input) {}

  std::vector<Token> run() {
    while (!done_) text_then_action();
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return input_.substr(at_); }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < input_.size() ? input_[at_ + ahead] : '\0';
  }
  bool at_end() const { return at_ >= input_.size(); }

  void emit(TokenKind kind, std::size_t length) {
    tokens_.push_back({kind, static_cast<std::uint32_t>(at_), input_.substr(at_, length)});
    at_ += length;
  }
  void fail(std::string_view message) { fail(message, at_); }
  void fail(std::string_view message, std::size_t pos) {
    tokens_.push_back({TokenKind::kError, static_cast<std::uint32_t>(pos), message});
    done_ = true;
  }

  /// "- " after "{{".
  bool at_left_trim() const { return peek() == '-' && is_space(peek(1)); }
  /// " -}}"; the space belongs to the marker.
  bool at_right_trim() const {
    return is_space(peek()) && input_.substr(at_ + 1).starts_with("-}}");
  }
  bool at_right_delim() const { return rest().starts_with("}}") || at_right_trim(); }

  void text_then_action() {
    const std::size_t open = input_.find("{{", at_);
    std::string_view text = input_.substr(at_, open - at_);
    if (open == std::string_view::npos) {
      if (!text.empty()) emit(TokenKind::kText, text.size());
      emit(TokenKind::kEof, 0);
      done_ = true;
      return;
    }
    const bool trims =
        open + 3 < input_.size() && input_[open + 2] == '-' && is_space(input_[open + 3]);
    if (trims) text = text.substr(0, text.find_last_not_of(kSpaces) + 1);
    if (!text.empty()) emit(TokenKind::kText, text.size());
    at_ = open;
    left_delim();
  }

  void left_delim() {
    const std::size_t open = at_;
    const std::size_t marker = input_.substr(open + 2).starts_with('-') &&
                                       open + 3 < input_.size() && is_space(input_[open + 3])
                                   ? 2
                                   : 0;
    if (input_.substr(open + 2 + marker).starts_with("/*")) {
      at_ = open + 2 + marker;
      return comment();
    }
    emit(TokenKind::kLeftDelim, 2);
    at_ += marker;
    parens_.clear();
    inside_action();
  }

  void comment() {
    const std::size_t close = input_.find("*/", at_ + 2);
    if (close == std::string_view::npos) return fail("unclosed comment");
    at_ = close + 2;
    if (!at_right_delim()) return fail("comment ends before closing delimiter");
    skip_right_delim();
  }

  void skip_right_delim() {
    const bool trims = at_right_trim();
    at_ += trims ? 4 : 2;
    if (!trims) return;
    while (!at_end() && is_space(peek())) ++at_;
  }

  void inside_action() {
    while (!done_) {
      if (at_right_delim()) {
        if (!parens_.empty()) return fail("unclosed left paren", parens_.back());
        const std::size_t space = at_right_trim() ? 1 : 0;
        at_ += space;
        const std::size_t mark = at_;
        emit(TokenKind::kRightDelim, space + 2);
        at_ = mark - space;
        return skip_right_delim();
      }
      if (at_end()) return fail("unclosed action", tokens_.empty() ? 0 : action_start());
      next_token();
    }
  }

  std::size_t action_start() const {
    for (std::size_t i = tokens_.size(); i-- > 0;) {
      if (tokens_[i].kind == TokenKind::kLeftDelim) return tokens_[i].pos;
    }
    return 0;
  }

  void next_token() {
    const char c = peek();
    if (is_space(c)) return space();
    if (c == '"') return quoted('"', TokenKind::kString, "unterminated quoted string");
    if (c == '\'') return quoted('\'', TokenKind::kCharacter, "unterminated character constant");
    if (c == '`') return raw_string();
    if (c == '$') return word(TokenKind::kVariable, 1);
    if (c == '.' && !is_digit(peek(1))) {
      if (!is_word(peek(1))) return ends_here(1) ? emit(TokenKind::kDot, 1) : bad_character(1);
      return word(TokenKind::kField, 1);
    }
    if (c == '.' || c == '+' || c == '-' || is_digit(c)) return number();
    if (is_word(c)) return word(TokenKind::kIdentifier, 0);
    punctuation(c);
  }

  void punctuation(char c) {
    switch (c) {
      case ':':
        if (peek(1) != '=') return fail("expected :=");
        return emit(TokenKind::kDeclare, 2);
      case '=':
        return emit(TokenKind::kAssign, 1);
      case '|':
        return emit(TokenKind::kPipe, 1);
      case ',':
        return emit(TokenKind::kComma, 1);
      case '(':
        parens_.push_back(at_);
        return emit(TokenKind::kLeftParen, 1);
      case ')':
        if (parens_.empty()) return fail("unexpected right paren");
        parens_.pop_back();
        return emit(TokenKind::kRightParen, 1);
      default:
        if (c <= ' ' || c == 0x7F) return fail("unrecognized character in action");
        return emit(TokenKind::kOther, 1);
    }
  }

  void space() {
    std::size_t length = 0;
    while (is_space(peek(length))) {
      if (input_.substr(at_ + length + 1).starts_with("-}}")) break;
      ++length;
    }
    // The one space of " -}}" is part of the delimiter, which the caller sees next.
    if (length > 0) emit(TokenKind::kSpace, length);
  }

  /// Whether what stands `length` bytes further on may follow a word.
  bool ends_here(std::size_t length) const {
    if (at_ + length >= input_.size()) return true;
    const char c = input_[at_ + length];
    return is_space(c) || std::string_view(".,|:=)(}").find(c) != std::string_view::npos;
  }
  void bad_character(std::size_t ahead) { fail("bad character in action", at_ + ahead); }

  void word(TokenKind kind, std::size_t prefix) {
    std::size_t length = prefix;
    while (is_word(peek(length))) ++length;
    if (!ends_here(length)) return bad_character(length);
    if (kind == TokenKind::kIdentifier) kind = word_kind(rest().substr(0, length));
    emit(kind, length);
  }

  void quoted(char quote, TokenKind kind, std::string_view unterminated) {
    std::size_t length = 1;
    while (peek(length) != quote) {
      if (at_ + length >= input_.size() || peek(length) == '\n') return fail(unterminated);
      length += peek(length) == '\\' && peek(length + 1) != '\n' ? 2 : 1;
    }
    emit(kind, length + 1);
  }

  void raw_string() {
    const std::size_t close = input_.find('`', at_ + 1);
    if (close == std::string_view::npos) return fail("unterminated raw quoted string");
    emit(TokenKind::kRawString, close + 1 - at_);
  }

  /// As far as a number may reach; the parser judges it.
  void number() {
    std::size_t length = 1;
    while (is_word(peek(length)) || peek(length) == '.' ||
           ((peek(length) == '+' || peek(length) == '-') && in_exponent(length))) {
      ++length;
    }
    emit(TokenKind::kNumber, length);
  }
  bool in_exponent(std::size_t length) const {
    const char before = peek(length - 1);
    const std::string_view start = rest().substr(0, 3);
    const bool hex =
        start.find('x') != std::string_view::npos || start.find('X') != std::string_view::npos;
    return hex ? before == 'p' || before == 'P' : before == 'e' || before == 'E';
  }

  std::string_view input_;
  std::size_t at_ = 0;
  std::vector<std::size_t> parens_;  ///< where the open ones are
  std::vector<Token> tokens_;
  bool done_ = false;
};

}  // namespace

std::vector<Token> tokenize(std::string_view input) {
  return Lexer(input).run();
}

}  // namespace tocsin::rules::templates
