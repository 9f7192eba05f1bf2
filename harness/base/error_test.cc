#include "harness/base/error.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Error, ShowsTheLineAndACaret) {
  Error error = input_error({"a.yaml", 7, 10}, "unknown unit \"x\" in \"5x\"", 2);
  error.excerpt = "    for: 5x";
  error.hints.emplace_back("durations are written like 5m");
  EXPECT_EQ(render(error),
            "a.yaml:7:10: error: unknown unit \"x\" in \"5x\"\n"
            "        for: 5x\n"
            "             ^~\n"
            "  hint: durations are written like 5m\n");
}

TEST(Error, CaretCountsCharactersNotBytes) {
  Error error = input_error({"a.yaml", 1, 4}, "bad", 1);
  error.excerpt = "éü x";
  EXPECT_EQ(render(error), "a.yaml:1:4: error: bad\n    éü x\n       ^\n");
}

TEST(Error, LongLinesAreCutAroundTheCaret) {
  Error error = input_error({"a", 1, 1001}, "bad", 5000);
  error.excerpt = std::string(1000, ' ') + std::string(1000, 'y');
  const std::string text = render(error);
  EXPECT_LT(text.size(), 600u);
  EXPECT_NE(text.find("^~"), std::string::npos);
  EXPECT_NE(text.find("…"), std::string::npos);
}

TEST(Error, ResultsThrowAsTocsinError) {
  const Result<int> result = input_error({"f", 1, 2}, "no");
  try {
    (void)result.value();
    FAIL() << "value() of an error returned";
  } catch (const TocsinError& error) {
    EXPECT_STREQ(error.what(), "f:1:2: no");
  }
}

Result<int> half(int n) {
  if (n % 2 != 0) return input_error({}, "odd");
  return n / 2;
}

Result<int> quarter(int n) {
  TRY(const int h, half(n));
  TRY(const int q, half(h));
  return q;
}

TEST(Error, TryPassesErrorsOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
}

TEST(Diagnostics, SortsByPlaceAndKeepsFilesInOrder) {
  Diagnostics diagnostics;
  diagnostics.add(input_error({"b", 9, 1}, "one"));
  diagnostics.add(input_error({"a", 1, 1}, "two"));
  diagnostics.add(input_error({"b", 2, 7}, "three"));
  diagnostics.add(input_error({"b", 2, 3}, "four"));
  std::string order;
  for (const Error& error : diagnostics.sorted()) order += error.message + ' ';
  EXPECT_EQ(order, "four three one two ");
  EXPECT_NE(diagnostics.render().find("4 errors\n"), std::string::npos);
}

TEST(Diagnostics, IsBounded) {
  Diagnostics diagnostics;
  for (int i = 0; i < 5000; ++i) diagnostics.add(input_error({}, "x"));
  EXPECT_EQ(diagnostics.size(), Diagnostics::kKept);
}

TEST(Render, ControlCharactersDoNotReachATerminal) {
  Error error = input_error({"a\x1b[2J.yaml", 1, 4}, "no header: \"a\r\nb\"");
  error.excerpt = "x:\x1b y";
  EXPECT_EQ(render(error),
            "a\\x1b[2J.yaml:1:4: error: no header: \"a\\x0d\\x0ab\"\n"
            "    x:  y\n"
            "       ^\n");
}

TEST(Render, CutsMessagesThatQuoteTooMuch) {
  const std::string text = render(io_error("no " + std::string(100'000, 'x')));
  EXPECT_LT(text.size(), 600u);
  EXPECT_TRUE(text.ends_with("xx…\n"));
}

}  // namespace
}  // namespace tocsin
