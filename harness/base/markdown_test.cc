#include "harness/base/markdown.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Markdown, TextBecomesNoMarkup) {
  EXPECT_EQ(markdown_text("plain, text: 5 % (a-b)"), "plain, text: 5 % (a-b)");
  EXPECT_EQ(markdown_text("a|b\nc"), "a\\|b c");
  EXPECT_EQ(markdown_text("<b>&amp;"), "&lt;b\\>&amp;amp;");
  EXPECT_EQ(markdown_text("*x* _y_ `z` [u](v) # @me ~s~ \\"),
            "\\*x\\* \\_y\\_ \\`z\\` \\[u\\](v) \\# \\@me \\~s\\~ \\\\");
}

}  // namespace
}  // namespace tocsin
