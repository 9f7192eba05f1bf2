#include "harness/base/utf8.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(find_invalid_utf8("plain, é, €, 𝄞"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("ab\xFFzz"), 2u);
  EXPECT_EQ(find_invalid_utf8("\xC0\x80"), 0u);          // overlong
  EXPECT_EQ(find_invalid_utf8("a\xED\xA0\x80"), 1u);     // surrogate
  EXPECT_EQ(find_invalid_utf8("\xF4\x90\x80\x80"), 0u);  // above U+10FFFF
  EXPECT_EQ(find_invalid_utf8("x\xE2\x82"), 1u);         // cut off
}

TEST(Utf8, CountsCharacters) {
  EXPECT_EQ(utf8_length("aé€𝄞"), 4u);
  EXPECT_EQ(utf8_length("a\xFF\xFF"), 3u);
  EXPECT_EQ(utf8_characters("é\xFF").size(), 2u);
}

TEST(Utf8, ControlCharactersDoNotReachATerminal) {
  EXPECT_EQ(printable("café\x1b[2J\n\x7f\xff"), "café\\x1b[2J\\x0a\\x7f\\xff");
  EXPECT_EQ(printable("a\xC2\x9bm"), "a\\x9bm");  // C1: the one-character form of "\x1b["
}

TEST(Utf8, Encodes) {
  std::string text;
  for (const char32_t c : {U'a', U'é', U'€', U'𝄞', char32_t(0xD800)}) append_utf8(text, c);
  EXPECT_EQ(text, "aé€𝄞\xEF\xBF\xBD");
}

}  // namespace
}  // namespace tocsin
