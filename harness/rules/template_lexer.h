#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The tokens of Go's text/template, with its trim markers and comments already applied.

namespace tocsin::rules::templates {

enum class TokenKind {
  kText,
  kLeftDelim,
  kRightDelim,
  kSpace,
  kIdentifier,
  kField,     ///< .Name
  kVariable,  ///< $ or $name
  kDot,
  kBool,
  kNil,
  kNumber,
  kCharacter,
  kString,     ///< "…", quotes included
  kRawString,  ///< `…`, quotes included
  kPipe,
  kLeftParen,
  kRightParen,
  kDeclare,  ///< :=
  kAssign,   ///< =
  kComma,
  kOther,  ///< a printable character that no rule wants
  kBlock,
  kBreak,
  kContinue,
  kDefine,
  kElse,
  kEnd,
  kIf,
  kRange,
  kTemplate,
  kWith,
  kError,  ///< `text` is the message; the last token
  kEof,    ///< end of input; the last token
};

struct Token {
  TokenKind kind = TokenKind::kEof;
  std::uint32_t pos = 0;  ///< byte offset
  /// Of the input, or of a static message (kError).
  std::string_view text;
};

/// All tokens of `input`, which must outlive them; ends with kEof or with the first error.
std::vector<Token> tokenize(std::string_view input);

}  // namespace tocsin::rules::templates
