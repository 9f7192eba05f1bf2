#include "harness/promql/literals.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace tocsin::promql {
namespace {

// What Go's strconv makes of the same text.
TEST(Literals, Numbers) {
  const struct {
    const char* text;
    double value;
  } cases[] = {
      {"0", 0},      {"12", 12},      {"0x1F", 31},     {"0XaB", 171},
      {"0755", 493}, {"08", 8},       {"1_000", 1000},  {"0x_ff", 255},
      {"1e3", 1000}, {"1E+3", 1000},  {"2.5e-1", 0.25}, {".5", 0.5},
      {"5.", 5},     {"1_0.5", 10.5}, {"1e-400", 0},    {"9223372036854775808", 0x1p63},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_number(c.text).value(), c.value) << c.text;
  EXPECT_TRUE(std::isinf(parse_number("Inf").value()));
  EXPECT_TRUE(std::isnan(parse_number("nAn").value()));
  for (const char* bad : {"0x", "1e999", "1__0", "1_", "_1", "1e", "0xfffffffffffffffff"}) {
    EXPECT_FALSE(parse_number(bad)) << bad;
  }
}

TEST(Literals, Durations) {
  const struct {
    const char* text;
    std::int64_t ms;
  } cases[] = {
      {"1ms", 1},         {"1s", 1000}, {"90s", 90'000},       {"1h30m", 5'400'000},
      {"1d", 86'400'000}, {"0s", 0},    {"1w1d", 691'200'000}, {"1y", 31'536'000'000},
      {"1m1ms", 60'001},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(parse_duration_literal(c.text).value(), Duration(c.ms)) << c.text;
  }
  for (const char* bad :
       {"", "5", "m", "1m1h", "1m1m", "1.5m", "1ss", "293y", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration_literal(bad)) << bad;
  }
}

TEST(Literals, Strings) {
  EXPECT_EQ(unquote(R"("a\"b\\\n\x41\101\u00e5\U0001F600")"), "a\"b\\\nAA\u00e5\U0001F600");
  EXPECT_EQ(unquote(R"('it\'s "so"')"), "it's \"so\"");
  EXPECT_EQ(unquote(R"(`a\nb`)"), "a\\nb");
  EXPECT_EQ(unquote(R"("\xff\377")"), "\xff\xff");
  EXPECT_EQ(quote("a\"b\\\n\t\x01\x7f"), R"("a\"b\\\n\t\x01\x7f")");
  EXPECT_EQ(quote("\u00e5 \U0001F600"), "\"\u00e5 \U0001F600\"");
  EXPECT_EQ(quote("\xff\u200b\ufeff\U000E0001"), R"("\xff\u200b\ufeff\U000e0001")");
}

TEST(Literals, NumbersAsText) {
  EXPECT_EQ(format_plain(0.1), "0.1");
  EXPECT_EQ(format_plain(1e21), "1000000000000000000000");
  EXPECT_EQ(format_plain(1.5e-7), "0.00000015");
  EXPECT_EQ(format_plain(-123.25), "-123.25");
  EXPECT_EQ(format_plain(-0.0), "-0");
  EXPECT_EQ(format_plain(INFINITY), "+Inf");
  EXPECT_EQ(format_general(1e20), "100000000000000000000");
  EXPECT_EQ(format_general(1e21), "1e+21");
  EXPECT_EQ(format_general(-1.25e-5), "-1.25e-05");
  EXPECT_EQ(format_general(NAN), "NaN");
}

}  // namespace
}  // namespace tocsin::promql
