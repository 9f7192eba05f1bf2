#include "harness/promql/evaluator.h"

#include <atomic>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/promql/script_store.h"

namespace tocsin::promql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Duration kMinute = std::chrono::minutes(1);

ScriptStore loaded(const std::string& script) {
  ScriptStore store;
  const auto commands = parse_script(script, "test");
  EXPECT_TRUE(commands) << (commands ? "" : render(commands.error()));
  for (const ScriptCommand& command : *commands) EXPECT_TRUE(store.load(command.load));
  return store;
}

Timeline minutes(int from, int to) {
  return {Timestamp(from * kMinute), Timestamp(to * kMinute), kMinute};
}

Result<QueryResult> query(const ScriptStore& store, const std::string& text,
                          const Timeline& timeline, const QueryOptions& options = {}) {
  const Result<Expression> expression = parse_expression(text);
  if (!expression) return expression.error();
  return evaluate(*expression, store, timeline, options);
}

std::vector<double> values(const Column& column) {
  std::vector<double> result;
  for (std::size_t i = 0; i < column.values.size(); ++i) {
    result.push_back(column.present[i] ? column.values[i] : -1);
  }
  return result;
}

TEST(Evaluator, RangeColumnsSayWhichStepsHaveValues) {
  const ScriptStore store =
      loaded("load 1m\n  up{job=\"b\"} 1 _ _ _ _ _ _ 3\n  up{job=\"a\"} 2 stale 5\n");
  const auto result = query(store, "up", minutes(0, 7));
  ASSERT_TRUE(result);
  ASSERT_EQ(result->columns.size(), 2U);
  EXPECT_EQ(result->columns[0].labels.get("job"), "a");
  EXPECT_THAT(values(result->columns[0]), ElementsAre(2, -1, 5, 5, 5, 5, 5, -1));
  EXPECT_THAT(values(result->columns[1]), ElementsAre(1, 1, 1, 1, 1, -1, -1, 3));
}

TEST(Evaluator, Prometheus2RangesAreClosedOnTheLeft) {
  const ScriptStore store = loaded("load 1m\n  x 1 1 1 1 1 1\n");
  QueryOptions old;
  old.version_2 = true;
  EXPECT_THAT(values(query(store, "count_over_time(x[2m])", minutes(4, 4))->columns[0]),
              ElementsAre(2));
  EXPECT_THAT(values(query(store, "count_over_time(x[2m])", minutes(4, 4), old)->columns[0]),
              ElementsAre(3));
  // A sample exactly as old as the lookback.
  EXPECT_TRUE(query(store, "x", minutes(10, 10))->columns.empty());
  EXPECT_EQ(query(store, "x", minutes(10, 10), old)->columns.size(), 1U);
}

TEST(Evaluator, InstantQueriesKeepTheOrderOfSort) {
  const ScriptStore store = loaded("load 1m\n  x{i=\"1\"} 3\n  x{i=\"2\"} NaN\n  x{i=\"3\"} 7\n");
  const auto result = query(store, "sort_desc(x)", Timeline::instant(Timestamp(Duration(0))));
  ASSERT_EQ(result->columns.size(), 3U);
  EXPECT_EQ(result->columns[0].labels.get("i"), "3");
  EXPECT_EQ(result->columns[1].labels.get("i"), "1");
  EXPECT_EQ(result->columns[2].labels.get("i"), "2");
}

TEST(Evaluator, ResultTypes) {
  const ScriptStore store = loaded("load 1m\n  x 1 2 3 stale 5\n");
  const Timeline now = Timeline::instant(Timestamp(4 * kMinute));
  const auto matrix = query(store, "x[3m]", now);
  ASSERT_EQ(matrix->type, ValueType::kMatrix);
  ASSERT_EQ(matrix->matrix.size(), 1U);
  EXPECT_THAT(matrix->matrix[0].values, ElementsAre(3, 5));
  EXPECT_EQ(query(store, "\"text\"", now)->text, "text");
  const auto scalar = query(store, "time() + 1", minutes(1, 3));
  EXPECT_EQ(scalar->type, ValueType::kScalar);
  EXPECT_THAT(values(scalar->columns.at(0)), ElementsAre(61, 121, 181));
  const auto refused = query(store, "x[3m]", minutes(0, 2));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("invalid expression type \"range vector\""));
}

TEST(Evaluator, ErrorsPointIntoTheExpression) {
  const ScriptStore store = loaded("load 1m\n  x{i=\"1\"} 1\n  x{i=\"2\"} 1\n  y 1\n");
  const auto result = query(store, "y +\n  sum(y * on() x)", minutes(0, 1));
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message,
              HasSubstr("found duplicate series for the match group {} on the right hand-side"));
  EXPECT_EQ(result.error().pos.line, 2);
  EXPECT_EQ(result.error().pos.column, 7);
  EXPECT_EQ(result.error().length, 10);
}

TEST(Evaluator, AnnotationsReadAsInPrometheus) {
  const ScriptStore store = loaded("load 1m\n  x 1 2 3\n");
  const std::string text = "sum(rate(x[5m]))";
  const auto result = query(store, text, minutes(2, 2));
  ASSERT_EQ(result->annotations.size(), 1U);
  EXPECT_EQ(to_string(result->annotations[0], text),
            "PromQL info: metric might not be a counter, name does not end in "
            "_total/_sum/_count/_bucket: \"x\" (1:10)");
}

TEST(Evaluator, EqualSeriesAreRefusedAtOnceOrAtTheEnd) {
  const ScriptStore store = loaded("load 1m\n  a_total 1 2 3\n  b_total 1 2 3\n");
  const std::string text = "sum(rate({__name__=~\".+\"}[5m]))";
  EXPECT_FALSE(query(store, text, minutes(2, 2)));
  QueryOptions delayed;
  delayed.delayed_name_removal = true;
  EXPECT_TRUE(query(store, text, minutes(2, 2), delayed));
  EXPECT_FALSE(query(store, "rate({__name__=~\".+\"}[5m])", minutes(2, 2), delayed));
}

TEST(Evaluator, BoundsHold) {
  const ScriptStore store =
      loaded("load 1m\n  x{i=\"1\"} 1x100\n  x{i=\"2\"} 1x100\n  x{i=\"3\"} 1x100\n");
  QueryOptions few;
  few.max_samples = 250;
  const auto samples = query(store, "x", minutes(0, 100), few);
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().kind, ErrorKind::kLimit);
  EXPECT_TRUE(query(store, "sum(x)", minutes(0, 100), few));
  const Timeline endless{Timestamp(Duration(0)), Timestamp(std::chrono::years(1000)), Duration(1)};
  EXPECT_EQ(query(store, "x", endless).error().kind, ErrorKind::kLimit);
  EXPECT_EQ(query(store, "max_over_time(x[100y:1ms])", minutes(0, 1)).error().kind,
            ErrorKind::kLimit);
}

std::string repeated_call(const std::string& before, const std::string& inner,
                          const std::string& after, int times) {
  std::string text = inner;
  for (int i = 0; i < times; ++i) text = before + text + after;
  return text;
}

/// Nothing that nests may multiply what is held in memory.
TEST(Evaluator, NestedExpressionsStayWithinBounds) {
  const ScriptStore store = loaded("load 1m\n  x{a=\"doubles\"} 1x10\n");
  for (const std::string& text : {
           repeated_call("label_replace(", "x", ", \"a\", \"$1$1\", \"a\", \"(.*)\")", 100),
           repeated_call("label_join(", "x", ", \"a\", \"\", \"a\", \"a\")", 100),
           repeated_call("max_over_time(", "x", "[1s:2ms])", 200) + "[11h:1ms]",
           "max_over_time(" + repeated_call("max_over_time(", "x", "[3h:1ms])", 100) + "[3h:1ms])",
       }) {
    const auto result = query(store, text, Timeline::instant(Timestamp(kMinute)));
    ASSERT_FALSE(result) << text.substr(0, 100);
    EXPECT_EQ(result.error().kind, ErrorKind::kLimit) << to_string(result.error());
  }
  const std::string long_replacement(1000, '$');
  EXPECT_TRUE(query(store, "label_replace(x, \"b\", \"" + long_replacement + "\", \"a\", \"\")",
                    Timeline::instant({})));
}

/// Each value is seen at one step only: what is held is that, not a column for each.
TEST(Evaluator, CountsManyValuesInLittleRoom) {
  const ScriptStore store = loaded("load 1s\n  x{i=\"1\"} 0+1x20000\n  x{i=\"2\"} 0.5+1x20000\n");
  QueryOptions options;
  options.max_samples = 2'000'000;
  const Timeline steps{from_ms(0), from_ms(20'000'000), Duration(1000)};
  const auto counted = query(store, "count(count_values(\"v\", x))", steps, options);
  ASSERT_TRUE(counted) << to_string(counted.error());
  EXPECT_EQ(counted->columns.at(0).values.back(), 2);
  const auto kept = query(store, "count_values(\"v\", x)", steps, options);
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().kind, ErrorKind::kLimit);
}

/// Loops within one series look at the clock, too.
TEST(Evaluator, TimeIsUpEverywhere) {
  const ScriptStore store = loaded("load 1s\n  x 1+1x5000\n  y{i=\"1\"} 0+1x5000\n");
  QueryOptions options;
  options.timeout = Duration(1);
  std::atomic<bool> cancelled{true};
  QueryOptions stopped;
  stopped.cancelled = &cancelled;
  const Timeline steps{Timestamp(kMinute), Timestamp(80 * kMinute), Duration(500)};
  for (const char* text : {
           "double_exponential_smoothing(x[80m:10ms], 0.5, 0.5)",
           "mad_over_time(x[80m:10ms])",
           "rate(x[80m:1ms])",
           "sum(count_values(\"v\", x))",
           "absent_over_time(y[80m:1ms])",
       }) {
    const auto late = query(store, text, steps, options);
    ASSERT_FALSE(late) << text;
    EXPECT_EQ(late.error().kind, ErrorKind::kTimeout) << text;
    const auto ended = query(store, text, steps, stopped);
    ASSERT_FALSE(ended) << text;
    EXPECT_EQ(ended.error().kind, ErrorKind::kCancelled) << text;
  }
}

/// Whatever the numbers: a result or an error, and nothing undefined (run under UBSan).
TEST(Evaluator, SurvivesExtremes) {
  const ScriptStore store = loaded("load 1m\n  x{a=\"1\"} 1 NaN -Inf 1e300 5\n  x{a=\"2\"} 1 2\n");
  QueryOptions options;
  options.max_samples = 10'000;
  for (const char* text : {"x @ 9223372036854775",
                           "x @ -9223372036854775 offset 100y",
                           "rate(x[100y] @ 9223372036854775 offset -100y)",
                           "sum_over_time(x[290y] offset -290y)",
                           "max_over_time(x[290y:100y] offset 290y)",
                           "topk(9e18, x)",
                           "topk(1e300, x)",
                           "bottomk(-5, x)",
                           "limitk(1e18, x)",
                           "quantile(NaN, x)",
                           "limit_ratio(5, x)",
                           "year(x * 1e300)",
                           "day_of_year(-x * 1e18)",
                           "histogram_quantile(NaN, x)",
                           "count_values(\"é\", x)",
                           "predict_linear(x[5m], 1e300)",
                           "round(x, 0)",
                           "clamp(x, 5, NaN)",
                           "x[5m:1ms]",
                           "quantile_over_time(-1, x[5m])",
                           "x ^ 1e300 % 0",
                           "vector(time() / 0)"}) {
    for (const Timestamp at : {Timestamp(Duration(0)), Timestamp(4 * kMinute),
                               Timestamp(Duration::min() / 2), Timestamp(Duration::max() / 2)}) {
      (void)query(store, text, Timeline::instant(at), options);
      (void)query(store, text, {at, at + 3 * kMinute, kMinute}, options);
    }
  }
}

TEST(Evaluator, SaysWhatAnExpressionReads) {
  const auto expression =
      parse_expression("rate(x[5m] offset 1m) + max_over_time(y[1h:5m]) + z @ 100 + w offset -2m");
  const auto uses = selectors_of(*expression->root);
  ASSERT_EQ(uses.size(), 4U);
  EXPECT_EQ(uses[0].before, 6 * kMinute);
  EXPECT_EQ(uses[1].before, 65 * kMinute);
  EXPECT_TRUE(uses[2].absolute);
  EXPECT_EQ(uses[3].after, 2 * kMinute);
}

/// Samples with gaps, resets, repeats and values that are not finite.
std::string rough_series(unsigned seed) {
  std::mt19937 random(seed);
  std::string line = "  x_total{seed=\"" + std::to_string(seed) + "\"}";
  double value = 0;
  for (int i = 0; i < 300; ++i) {
    const auto dice = static_cast<unsigned>(random() % 100);
    if (dice < 8) {
      line += " _";
    } else if (dice < 10) {
      line += " stale";
    } else if (seed % 3 == 2 && dice < 12) {
      line += dice == 10 ? " NaN" : " Inf";
    } else {
      if (dice < 20) value = 0;
      if (dice < 70) value += static_cast<double>(random() % 1000) / 8;
      line += " " + std::to_string(value);
    }
  }
  return line + "\n";
}

/// A sample at each time; like a counter's: near zero at first and after a reset, still for a
/// while, growing fast and slowly.
std::string regular_series(unsigned seed) {
  std::mt19937 random(seed);
  std::string line = "  x_total{seed=\"" + std::to_string(seed) + "\"}";
  double value = seed % 2 == 0 ? 0 : static_cast<double>(random() % 100);
  for (int i = 0; i < 300; ++i) {
    const auto dice = static_cast<unsigned>(random() % 400);
    if (dice < 3) value = 0;
    if (i % 70 > 20) value += static_cast<double>(random() % (i % 70 < 40 ? 3 : 1000));
    line += seed % 3 == 2 && dice == 10 ? " NaN" : " " + std::to_string(value);
  }
  return line + "\n";
}

class Windows : public testing::TestWithParam<std::string> {
 protected:
  static void expect_same(const ScriptStore& store, Duration step, const QueryOptions& options);
};

/// A window that has slid along must give what one gives that is looked at for the first time.
TEST_P(Windows, SlideToTheSameResultAsOneByOne) {
  const ScriptStore rough =
      loaded("load 20s\n" + rough_series(1) + rough_series(2) + rough_series(3));
  const ScriptStore regular =
      loaded("load 20s\n" + regular_series(4) + regular_series(5) + regular_series(6));
  for (const bool version_2 : {false, true}) {
    QueryOptions options;
    options.version_2 = version_2;
    expect_same(rough, std::chrono::seconds(47), options);
    expect_same(regular, std::chrono::seconds(20), options);
    expect_same(regular, std::chrono::seconds(60), options);
  }
}

void Windows::expect_same(const ScriptStore& store, Duration step, const QueryOptions& options) {
  const Timeline timeline{Timestamp(-kMinute), Timestamp(110 * kMinute), step};
  const auto all = query(store, GetParam(), timeline, options);
  ASSERT_TRUE(all);
  for (std::size_t i = 0; i < timeline.steps(); i += 3) {
    const auto one = query(store, GetParam(), Timeline::instant(timeline.at(i)), options);
    ASSERT_TRUE(one);
    std::size_t present = 0;
    for (const Column& column : all->columns) present += column.present[i] ? 1 : 0;
    ASSERT_EQ(one->columns.size(), present) << i;
    for (const Column& single : one->columns) {
      const auto column =
          std::find_if(all->columns.begin(), all->columns.end(),
                       [&](const Column& other) { return other.labels == single.labels; });
      ASSERT_NE(column, all->columns.end());
      ASSERT_TRUE(column->present[i]);
      const double expected = single.values[0];
      const double got = column->values[i];
      if (std::isnan(expected) || std::isinf(expected)) {
        ASSERT_EQ(std::to_string(expected), std::to_string(got)) << i;
      } else {
        ASSERT_NEAR(got, expected, 1e-9 * (1 + std::abs(expected))) << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllFunctions, Windows,
    testing::Values("rate(x_total[5m])", "increase(x_total[1m])", "delta(x_total[7m])",
                    "irate(x_total[2m])", "idelta(x_total[2m])", "changes(x_total[10m])",
                    "resets(x_total[10m])", "sum_over_time(x_total[10m])",
                    "avg_over_time(x_total[10m])", "min_over_time(x_total[3m])",
                    "max_over_time(x_total[3m])", "count_over_time(x_total[9m])",
                    "stddev_over_time(x_total[10m])", "stdvar_over_time(x_total[4m])",
                    "quantile_over_time(0.3, x_total[10m])", "mad_over_time(x_total[6m])",
                    "last_over_time(x_total[1m])", "first_over_time(x_total[4m])",
                    "present_over_time(x_total[1m])", "ts_of_max_over_time(x_total[8m])",
                    "ts_of_min_over_time(x_total[8m])", "deriv(x_total[10m])",
                    "predict_linear(x_total[10m], 600)",
                    "double_exponential_smoothing(x_total[5m], 0.3, 0.6)",
                    "absent_over_time(x_total{seed=\"1\"}[30s])", "rate(x_total[2m] offset 90s)",
                    "max_over_time(rate(x_total[2m])[10m:1m])", "rate(x_total[40s])",
                    "delta(x_total[1m])", "rate(x_total[50s] offset 10s)",
                    "topk(2, rate(x_total[2m]))", "bottomk(1, x_total)", "sum(rate(x_total[2m]))"));

/// Whole blocks of steps at which a series is not among the best are passed over.
TEST(Evaluator, TopkTakesTheBestOfManyAtEveryStep) {
  std::mt19937 random(11);
  std::string text = "load 1m\n";
  std::vector<std::vector<double>> columns;
  for (int series = 0; series < 40; ++series) {
    text += "  x{n=\"" + std::to_string(series) + "\"}";
    columns.emplace_back();
    for (int i = 0; i < 200; ++i) {
      const bool missing = random() % 50 == 0;
      columns.back().push_back(missing ? -1 : static_cast<double>(random() % 100'000));
      text += missing ? " _" : " " + std::to_string(columns.back().back());
    }
    text += "\n";
  }
  QueryOptions options;
  options.lookback = std::chrono::seconds(30);
  const auto best = query(loaded(text), "topk(3, x)", minutes(0, 199), options);
  ASSERT_TRUE(best);
  for (std::size_t i = 0; i < 200; ++i) {
    std::vector<double> expected;
    for (const auto& column : columns) expected.push_back(column[i]);
    std::sort(expected.rbegin(), expected.rend());
    expected.resize(3);
    std::vector<double> got;
    for (const Column& column : best->columns) {
      if (column.present[i]) got.push_back(column.values[i]);
    }
    std::sort(got.rbegin(), got.rend());
    ASSERT_EQ(got, expected) << i;
  }
}

TEST(Evaluator, ASpikeLeavesNothingBehind) {
  const ScriptStore store = loaded("load 1m\n  x 1 1e300 2 3 4 5 6\n");
  EXPECT_THAT(values(query(store, "sum_over_time(x[2m])", minutes(2, 6))->columns[0]),
              ElementsAre(1e300, 5, 7, 9, 11));
  EXPECT_THAT(values(query(store, "stdvar_over_time(x[2m])", minutes(4, 6))->columns[0]),
              ElementsAre(0.25, 0.25, 0.25));
}

TEST(Evaluator, DatesOfAnyNumber) {
  const ScriptStore store;
  const Timeline now = Timeline::instant(Timestamp(Duration(0)));
  const auto date = [&](const std::string& text) {
    return query(store, text, now)->columns.at(0).values.at(0);
  };
  // 2024-02-29T23:59:59Z
  EXPECT_EQ(date("year(vector(1709251199))"), 2024);
  EXPECT_EQ(date("month(vector(1709251199))"), 2);
  EXPECT_EQ(date("day_of_month(vector(1709251199))"), 29);
  EXPECT_EQ(date("days_in_month(vector(1709251199))"), 29);
  EXPECT_EQ(date("day_of_year(vector(1709251199))"), 60);
  EXPECT_EQ(date("day_of_week(vector(1709251199))"), 4);
  EXPECT_EQ(date("hour(vector(1709251199))"), 23);
  EXPECT_EQ(date("minute(vector(1709251199))"), 59);
  EXPECT_EQ(date("year(vector(-1))"), 1969);
  EXPECT_EQ(date("day_of_year(vector(-1))"), 365);
  // Prometheus 2.42 on amd64 says so.
  EXPECT_EQ(date("minute(vector(NaN))"), 30);
  EXPECT_EQ(date("day_of_week(vector(1e30))"), 0);
}

}  // namespace
}  // namespace tocsin::promql
