#include "harness/base/regex.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

bool matches(const char* pattern, const char* text) {
  return Regex::compile(pattern).value().matches(text);
}

TEST(Regex, IsAnchoredAndDotMatchesNewlines) {
  EXPECT_TRUE(matches("5..", "503"));
  EXPECT_FALSE(matches("5..", "1503"));
  EXPECT_FALSE(matches("a|b", "ab"));
  EXPECT_TRUE(matches("a.b", "a\nb"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "x"));
  EXPECT_TRUE(matches("(?i)abc", "ABC"));
}

TEST(Regex, DotMatchesNoLineBreakOnRequest) {
  const auto matches_no_break = [](const char* pattern, const char* text) {
    return Regex::compile(pattern, Dot::kNoLineBreak).value().matches(text);
  };
  EXPECT_FALSE(matches_no_break("a.b", "a\nb"));
  EXPECT_TRUE(matches_no_break("(?s)a.b", "a\nb"));
  EXPECT_TRUE(matches_no_break("a[^x]b", "a\nb"));
  EXPECT_FALSE(matches_no_break("a|b.", "xb"));
}

TEST(Regex, ErrorsSpeakOfTheUsersPattern) {
  const auto bad = Regex::compile("a(b");
  ASSERT_TRUE(bad.has_error());
  EXPECT_NE(bad.error().message.find("\"a(b\""), std::string::npos);
}

TEST(Regex, ExpandsAsGoDoes) {
  const Regex regex = Regex::compile("(?P<first>[a-z]+)-([0-9]+)").value();
  std::string out = "kept";
  EXPECT_FALSE(regex.expand("nope", "$1", out));
  EXPECT_EQ(out, "kept");
  const auto expand = [&](const char* replacement) {
    EXPECT_TRUE(regex.expand("ab-12", replacement, out));
    return out;
  };
  EXPECT_EQ(expand("$2:${first}"), "12:ab");
  EXPECT_EQ(expand("$1x"), "");  // Go reads the name "1x", which is no group
  EXPECT_EQ(expand("${1}x"), "abx");
  EXPECT_EQ(expand("$$1 $9 $"), "$1  $");
}

// Expected values from Go 1.19's regexp.MustCompile(p).ReplaceAllString(s, r).
TEST(Regex, ReplacesAllAsGoDoes) {
  const auto replace = [](const char* pattern, const char* text, const char* replacement) {
    return regex_replace_all(pattern, text, replacement).value();
  };
  EXPECT_EQ(replace("a(x*)b", "-ab-axxb-", "${1}W"), "-W-xxW-");
  EXPECT_EQ(replace("x*", "abc", "-"), "-a-b-c-");
  EXPECT_EQ(replace("b*", "abbc", "-"), "-a-c-");
  EXPECT_EQ(replace("", "", "x"), "x");
  EXPECT_EQ(replace("(.*):.*", "localhost:9090", "$1"), "localhost");
  EXPECT_TRUE(regex_replace_all("(", "x", "y").has_error());
}

TEST(Regex, SearchIsUnanchored) {
  EXPECT_TRUE(regex_search("b", "abc").value());
  EXPECT_FALSE(regex_search("^b", "abc").value());
}

}  // namespace
}  // namespace tocsin
