#include "harness/base/units.h"

#include <cmath>

#include <gtest/gtest.h>

namespace tocsin {
namespace {

void expect(const char* text, double value, Dimension dimension) {
  const auto quantity = parse_quantity(text);
  ASSERT_TRUE(quantity.has_value()) << text;
  EXPECT_DOUBLE_EQ(quantity->value, value) << text;
  EXPECT_EQ(quantity->dimension, dimension) << text;
}

TEST(Quantity, Parses) {
  expect("45.2", 45.2, Dimension::kNumber);
  expect("-3", -3, Dimension::kNumber);
  expect("+1e6", 1e6, Dimension::kNumber);
  expect("8%", 0.08, Dimension::kRatio);
  expect("8 %", 0.08, Dimension::kRatio);
  expect("500ms", 0.5, Dimension::kTime);
  expect("12us", 12e-6, Dimension::kTime);
  expect("1h30m", 5400, Dimension::kTime);
  expect("-1h30m", -5400, Dimension::kTime);
  expect("1.5s", 1.5, Dimension::kTime);
  expect("50/s", 50, Dimension::kRate);
  expect("3000/m", 50, Dimension::kRate);
  expect("36/h", 0.01, Dimension::kRate);
  expect("8KB", 8000, Dimension::kBytes);
  expect("2GiB", 2147483648.0, Dimension::kBytes);
}

TEST(Quantity, Refuses) {
  const auto why = [](const char* text) { return parse_quantity(text).error().message; };
  EXPECT_EQ(why("fast"), "\"fast\" is not a number with a unit: it does not begin with a number");
  EXPECT_EQ(why("5 parsecs"),
            "\"5 parsecs\" is not a number with a unit: unknown unit \"parsecs\"");
  EXPECT_TRUE(parse_quantity("").has_error());
  EXPECT_TRUE(parse_quantity("inf").has_error());
  EXPECT_TRUE(parse_quantity("nan%").has_error());
  EXPECT_TRUE(parse_quantity("1e999").has_error());
}

TEST(Quantity, PrintsAsWritten) {
  for (const char* text :
       {"8%", "0.5%", "30s", "1h30m", "500ms", "50/s", "8KB", "45.2", "100000"}) {
    EXPECT_EQ(format_quantity(parse_quantity(text).value()), text);
  }
}

TEST(Number, IsShortest) {
  EXPECT_EQ(format_number(0.1), "0.1");
  EXPECT_EQ(format_number(100000), "100000");
  EXPECT_EQ(format_number(NAN), "NaN");
  EXPECT_EQ(format_number(-INFINITY), "-Inf");
  EXPECT_EQ(format_number(0.123456, 3), "0.123");
}

}  // namespace
}  // namespace tocsin
