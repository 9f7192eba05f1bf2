#include "harness/scenario/formula.h"

#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/scenario/text_template.h"

namespace tocsin::scenario {
namespace {

using ::testing::ElementsAre;

const std::map<std::string, double, std::less<>> kValues = {
    {"a", 3}, {"b.c", 0.5}, {"zero", 0}, {"latency.p95", 2}};

double value_of(std::string_view name) {
  return kValues.find(name)->second;
}

double evaluate(std::string_view text) {
  const auto formula = Formula::parse(text);
  EXPECT_TRUE(formula.has_value()) << text << ": " << to_string(formula.error());
  return formula.has_value() ? formula->evaluate(value_of) : std::nan("");
}

std::string error_of(std::string_view text) {
  const auto formula = Formula::parse(text);
  return formula.has_value() ? "none" : to_string(formula.error());
}

TEST(Formula, Evaluates) {
  EXPECT_DOUBLE_EQ(evaluate("8%"), 0.08);
  EXPECT_DOUBLE_EQ(evaluate("500ms"), 0.5);
  EXPECT_DOUBLE_EQ(evaluate("1h30m"), 5400);
  EXPECT_DOUBLE_EQ(evaluate("2GiB"), 2147483648.0);
  EXPECT_DOUBLE_EQ(evaluate("30/m"), 0.5);
  EXPECT_DOUBLE_EQ(evaluate("1.5e-3"), 0.0015);
  EXPECT_DOUBLE_EQ(evaluate("1e3/s"), 1000);
  EXPECT_DOUBLE_EQ(evaluate("1 + 2 * 3 - 4 / 8"), 6.5);
  EXPECT_DOUBLE_EQ(evaluate("(1 + 2) * 3"), 9);
  EXPECT_DOUBLE_EQ(evaluate("10 - 3 - 2"), 5);
  EXPECT_DOUBLE_EQ(evaluate("16 / 4 / 2"), 2);
  EXPECT_DOUBLE_EQ(evaluate("-a * --2"), -6);
  EXPECT_DOUBLE_EQ(evaluate("a/b.c"), 6);
  EXPECT_DOUBLE_EQ(evaluate("a / zero"), 0);
  EXPECT_DOUBLE_EQ(evaluate("min(a, 2, 7) + max(1, b.c)"), 3);
  EXPECT_DOUBLE_EQ(evaluate("clamp(a, 0, 1) + clamp(-a, 0, 1) + clamp(b.c, 0, 1)"), 1.5);
  EXPECT_DOUBLE_EQ(evaluate("latency.p95\n  * 2"), 4);
}

TEST(Formula, ComparesAndJoins) {
  EXPECT_EQ(evaluate("a > 2"), 1);
  EXPECT_EQ(evaluate("a >= 3 and b.c < 50%"), 0);
  EXPECT_EQ(evaluate("a == 3 or zero"), 1);
  EXPECT_EQ(evaluate("not a != 3"), 1);
  EXPECT_EQ(evaluate("not a and zero"), 0);
  // "and" binds tighter than "or"; both give 1 or 0.
  EXPECT_EQ(evaluate("a or zero and zero"), 1);
  EXPECT_EQ(evaluate("(a > 2) + (a > 1)"), 2);
}

TEST(Formula, NamesItsSignals) {
  const auto formula = Formula::parse("b.c * a + max(b.c, zero)");
  ASSERT_TRUE(formula.has_value());
  EXPECT_THAT(formula->signals(), ElementsAre("b.c", "a", "zero"));
  const double values[] = {10, 2, 30};
  EXPECT_DOUBLE_EQ(formula->evaluate(values), 50);
  EXPECT_EQ(formula->place_of(1).column, 7);
  EXPECT_FALSE(formula->constant_value());
  EXPECT_EQ(Formula::parse("2 * 3")->constant_value(), 6);
  EXPECT_EQ(Formula::constant(7).evaluate(nullptr), 7);
}

TEST(Formula, RefusesWithPosition) {
  EXPECT_EQ(error_of(""), "1:1: expected a number or a signal at the end");
  EXPECT_EQ(error_of("a +"), "1:4: expected a number or a signal at the end");
  EXPECT_EQ(error_of("a b"), "1:3: expected an operator, not \"b\"");
  EXPECT_EQ(error_of("(a"), "1:3: expected \")\" at the end");
  EXPECT_EQ(error_of("a +\n b)"), "2:3: expected an operator, not \")\"");
  EXPECT_EQ(error_of("2 § 3"), "1:3: expected an operator, not \"§\"");
  EXPECT_EQ(error_of("1 < a < 3"), "1:7: comparisons do not chain; join them with \"and\"");
  EXPECT_EQ(error_of("avg(a)"), "1:1: there is no function \"avg\"");
  EXPECT_EQ(error_of("clamp(a, 1)"), "1:1: clamp takes three arguments: clamp(x, low, high)");
  EXPECT_EQ(error_of("a * 5parsec"),
            "1:5: \"5parsec\" is not a number with a unit: unknown unit \"parsec\"");
  EXPECT_EQ(error_of("and"), "1:1: expected a signal's name, not \"and\"");
  EXPECT_EQ(error_of(std::string(100, '(')), "1:33: nested too deeply");
  EXPECT_EQ(error_of(std::string(100, '-')), "1:33: nested too deeply");
  EXPECT_EQ(error_of(std::string(5000, '1')), "longer than 4096 bytes");
}

TEST(Formula, EvaluatesTheDeepestOnASmallStack) {
  // Each level keeps a left operand for every rank of operators.
  std::string text = "1";
  for (int i = 0; i < 31; ++i) text = "0 or 1 and 0 < 0 + 1 * (" + text + ")";
  EXPECT_EQ(evaluate(text), 1);
}

std::string dimension_of(std::string_view text) {
  const auto formula = Formula::parse(text);
  if (formula.has_error()) return to_string(formula.error());
  const auto dimension = formula->dimension([](std::string_view name) {
    if (name == "error_rate") return Dimension::kRatio;
    if (name == "latency") return Dimension::kTime;
    if (name == "request_rate") return Dimension::kRate;
    return Dimension::kNumber;
  });
  return dimension.has_error() ? to_string(dimension.error()) : std::string(to_string(*dimension));
}

TEST(Formula, KnowsItsDimension) {
  EXPECT_EQ(dimension_of("1 - error_rate"), "percentage");
  EXPECT_EQ(dimension_of("request_rate * error_rate"), "rate");
  EXPECT_EQ(dimension_of("latency / 2"), "duration");
  EXPECT_EQ(dimension_of("latency / 10ms"), "number");
  EXPECT_EQ(dimension_of("request_rate * latency"), "number");
  EXPECT_EQ(dimension_of("error_rate > 5%"), "number");
  EXPECT_EQ(dimension_of("-max(latency, 0)"), "duration");
  EXPECT_EQ(dimension_of("3GB + load"), "size");
  EXPECT_EQ(dimension_of("error_rate > 5ms"),
            "1:12: a percentage and a duration cannot be added or compared");
}

TEST(TextTemplate, FillsSignalsIn) {
  const auto text = TextTemplate::parse("{a} of {b.c:.0%}, {{{a:.2f}}} {b.c}");
  ASSERT_TRUE(text.has_value()) << to_string(text.error());
  EXPECT_THAT(text->signals(), ElementsAre("a", "b.c"));
  EXPECT_EQ(text->render(value_of), "3 of 50%, {3.00} 0.5");
}

TEST(TextTemplate, RefusesWithPosition) {
  const auto error = [](std::string_view text) {
    const auto parsed = TextTemplate::parse(text);
    return parsed.has_value() ? "none" : to_string(parsed.error());
  };
  EXPECT_EQ(error("ä {a"), "1:3: a single \"{\"; write {{ for a brace");
  EXPECT_EQ(error("a}"), "1:2: a single \"}\"; write }} for a brace");
  EXPECT_EQ(error("x\n{2}"), "2:2: expected a signal's name, not \"2\"");
  EXPECT_EQ(error("{a:d}"), "1:4: expected a format like .1f or .1%");
  EXPECT_EQ(error("{a:.999f}"), "1:4: expected a format like .1f or .1%");
}

}  // namespace
}  // namespace tocsin::scenario
