#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/promql/token.h"

/// PromQL's words. What a character means depends on where it stands: inside braces every word is a
/// label name, inside brackets only durations and their arithmetic are allowed.

namespace tocsin::promql {

/// Gives the tokens of a text one by one, comments left out. After kEnd or kError, it repeats.
class Lexer {
 public:
  /// `text` must outlive the lexer and its tokens.
  explicit Lexer(std::string_view text) : text_(text) {}

  Token next();
  std::string_view text_of(const Token& token) const;
  /// Why the last token was kError, and what may help ("" when nothing does).
  const std::string& error() const { return error_; }
  const std::string& hint() const { return hint_; }

 private:
  static constexpr int kEof = -1;

  Token lex_statement();
  Token lex_symbol(char c);
  Token lex_bang_or_assign(char c);
  Token lex_comparison(char c);
  Token lex_paren_or_bracket(char c);
  Token lex_braces();
  Token lex_duration();
  Token lex_duration_symbol(char c);
  Token lex_word();
  Token lex_duration_word(std::string_view complaint, std::string_view advice);
  Token lex_number();
  Token lex_string(char quote);
  Token lex_raw_string();
  Token end_of_text();
  bool skip_blanks();

  bool scan_number();
  bool scan_digits(bool hexadecimal);
  bool scan_duration_units();
  std::string scan_escape(char quote);
  std::string scan_hex_escape(int digits, int base, std::uint32_t largest);
  bool followed_by_left_paren() const;

  int peek() const { return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : kEof; }
  bool accept(std::string_view set);
  /// The character at `at` as messages quote it: 'c'; `at` may be the end of the text.
  std::string quoted_character(std::size_t at) const;
  /// Likewise with its number: U+0063 'c'.
  std::string named_character(std::size_t at) const;
  std::size_t character_end(std::size_t at) const;
  Token emit(TokenKind kind);
  /// An error that marks [begin, end).
  Token fail(std::size_t begin, std::size_t end, std::string message, std::string hint = {});

  std::string_view text_;
  std::size_t begin_ = 0;  ///< of the token being read
  std::size_t at_ = 0;
  bool in_braces_ = false;
  bool in_brackets_ = false;
  bool number_seen_ = false;  ///< since the bracket was opened
  bool colon_seen_ = false;   ///< likewise
  std::size_t open_parens_ = 0;
  std::size_t outermost_paren_ = 0;
  bool done_ = false;
  Token last_;
  std::string error_;
  std::string hint_;
};

}  // namespace tocsin::promql
