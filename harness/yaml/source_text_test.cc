#include "harness/yaml/source_text.h"

#include <gtest/gtest.h>

#include "harness/base/utf8.h"

namespace tocsin::yaml {
namespace {

TEST(SourceText, KnowsLinesAndColumns) {
  const SourceText source("f", "äb\r\n\nc");
  EXPECT_EQ(to_string(source.position(2)), "f:1:2");
  EXPECT_EQ(to_string(source.position(5)), "f:2:1");
  EXPECT_EQ(to_string(source.position(99)), "f:3:2");
  EXPECT_EQ(source.line(0), "");
  EXPECT_EQ(source.line(1), "äb");
  EXPECT_EQ(source.line(2), "");
  EXPECT_EQ(source.line(3), "c");
  EXPECT_EQ(source.line(4), "");
}

TEST(SourceText, CountsCharactersOfLongLines) {
  std::string text = "x\n";
  for (int i = 0; i < 3000; ++i) text += "aé€😀";
  const SourceText source("f", text);
  for (std::size_t offset = 2; offset <= text.size(); offset += 10) {  // where a round begins
    const auto before = std::string_view(text).substr(2, offset - 2);
    EXPECT_EQ(source.position(offset),
              (SourcePos{"f", 2, 1 + static_cast<int>(utf8_length(before))}));
  }
}

TEST(SourceText, ShowsTheLineOfAnErrorUnlessItIsHuge) {
  const SourceText source("f", "a b\n" + std::string(1 << 20, 'x'));
  const Error error = source.error(2, "here", 1);
  EXPECT_EQ(to_string(error), "f:1:3: here");
  EXPECT_EQ(error.excerpt, "a b");
  EXPECT_EQ(source.error(5, "there").excerpt, "");
}

}  // namespace
}  // namespace tocsin::yaml
