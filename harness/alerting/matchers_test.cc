#include "harness/alerting/matchers.h"

#include <gtest/gtest.h>

namespace tocsin::alerting {
namespace {

/// What a text is in each mode: the matchers, or "!" and the message.
std::string shown(std::string_view text, MatcherMode mode) {
  const Result<Matchers> parsed = parse_matchers(text, mode);
  return parsed.has_error() ? "!" + parsed.error().message : matchers_text(*parsed);
}

struct MatcherCase {
  std::string_view text;
  std::string_view classic;
  std::string_view utf8;
  std::string_view fallback;
};

// Held against Alertmanager 0.33's amtool in each of its modes.
constexpr std::string_view kSame = "=";
const MatcherCase kCases[] = {
    {"a=b", R"({a="b"})", kSame, kSame},
    {R"(a="b")", R"({a="b"})", kSame, kSame},
    {R"( a =~ "b|c" )", R"({a=~"b|c"})", kSame, kSame},
    {"a!=b", R"({a!="b"})", kSame, kSame},
    {"a!~b", R"({a!~"b"})", kSame, kSame},
    {R"({a="b",c="d"})", R"({a="b",c="d"})", kSame, kSame},
    {R"({a="b",})", R"({a="b"})", kSame, kSame},
    {"{}", "{}", kSame, kSame},
    {"", "{}", kSame, kSame},
    {"a=", R"({a=""})", "!unexpected end of input: expected label value", R"({a=""})"},
    {"a=b c", R"({a="b c"})", "!unexpected c: expected a comma or close brace", R"({a="b c"})"},
    {R"(a=~foo\.bar)", R"({a=~"foo\\.bar"})", "!unexpected \\: expected a comma or close brace",
     R"({a=~"foo\\.bar"})"},
    {R"(a="b\nc\"d\\e")", R"({a="b\nc\"d\\e"})", kSame, kSame},
    {R"(a=~"\d+")", R"({a=~"\\d+"})", "!\"\\d+\": invalid input", R"({a=~"\\d+"})"},
    {R"("a b"="c")", "!bad matcher format: \"a b\"=\"c\"", R"({"a b"="c"})", R"({"a b"="c"})"},
    {R"(Σ="c")", "!bad matcher format: Σ=\"c\"", R"({Σ="c"})", R"({Σ="c"})"},
    {R"(a="b)", "!matcher value contains unescaped double quote: \"b", "!missing end \"", ""},
    {R"(a=b")", "!matcher value contains unescaped double quote: b\"",
     "!unexpected \": expected a comma or close brace", ""},
    {R"({a="b")", R"({a="b"})", "!unexpected end of input: expected close brace", R"({a="b"})"},
    {R"(a="b"})", R"({a="b"})", "!unexpected }: expected opening brace", R"({a="b"})"},
    {"a", "!bad matcher format: a",
     "!unexpected end of input: expected an operator such as '=', '!=', '=~' or '!~'", ""},
    {"a=~(", "!invalid regular expression \"(\": missing closing ): (", kSame, ""},
    // Both read it, but not alike: the old grammar's result counts.
    {R"(a="\x41")", R"({a="\\x41"})", R"({a="A"})", R"({a="\\x41"})"},
};

TEST(Matchers, BothGrammars) {
  for (const MatcherCase& one : kCases) {
    SCOPED_TRACE(one.text);
    EXPECT_EQ(shown(one.text, MatcherMode::kClassic), one.classic);
    const std::string_view utf8 = one.utf8 == kSame ? one.classic : one.utf8;
    EXPECT_EQ(shown(one.text, MatcherMode::kUtf8), utf8);
    const std::string_view both =
        one.fallback == kSame || one.fallback.empty() ? one.classic : one.fallback;
    EXPECT_EQ(shown(one.text, MatcherMode::kFallback), both);
  }
}

TEST(Matchers, OneTakesNoBraces) {
  EXPECT_EQ(parse_matcher("{a=b}").error().message, "unexpected open or close brace: {a=b}");
  EXPECT_EQ(parse_matcher("nonsense").error().message, "bad matcher format: nonsense");
  EXPECT_EQ(matcher_text(*parse_matcher("a=b")), R"(a="b")");
}

TEST(Matchers, ErrorsHavePlaces) {
  const Error error = parse_matchers("ä=\"b\", c=~\"(\"", MatcherMode::kUtf8).error();
  EXPECT_EQ(error.pos.column, 11);
}

TEST(Matchers, AlertmanagersOrder) {
  Matchers matchers = *parse_matchers(R"({b="1",a="2",a=~"1",a="1"})");
  sort_matchers(matchers);
  EXPECT_EQ(matchers_text(matchers), R"({a="1",a=~"1",a="2",b="1"})");
}

}  // namespace
}  // namespace tocsin::alerting
