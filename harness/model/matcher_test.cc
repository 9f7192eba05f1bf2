#include "harness/model/matcher.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

bool matches(MatchOp op, const char* value, const Labels& labels) {
  return Matcher::make(op, "code", value).value().matches(labels);
}

TEST(Matcher, AnAbsentLabelIsEmpty) {
  const Labels with = {{"code", "503"}};
  const Labels without = {{"job", "x"}};
  EXPECT_TRUE(matches(MatchOp::kEqual, "503", with));
  EXPECT_FALSE(matches(MatchOp::kEqual, "503", without));
  EXPECT_TRUE(matches(MatchOp::kEqual, "", without));
  EXPECT_TRUE(matches(MatchOp::kNotEqual, "503", without));
  EXPECT_TRUE(matches(MatchOp::kRegex, "5..", with));
  EXPECT_FALSE(matches(MatchOp::kRegex, "5..", without));
  EXPECT_TRUE(matches(MatchOp::kRegex, ".*", without));
  EXPECT_FALSE(matches(MatchOp::kNotRegex, "5..", with));
  EXPECT_TRUE(matches(MatchOp::kNotRegex, "5..", without));
}

TEST(Matcher, PrintsAndRefuses) {
  EXPECT_EQ(Matcher::make(MatchOp::kNotRegex, "a.b", "x\"").value().to_string(),
            "\"a.b\"!~\"x\\\"\"");
  EXPECT_TRUE(Matcher::make(MatchOp::kRegex, "a", "(").has_error());
}

}  // namespace
}  // namespace tocsin
