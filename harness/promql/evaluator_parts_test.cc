// The evaluator's small parts.

#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/promql/annotations.h"
#include "harness/promql/classic_histogram.h"
#include "harness/promql/histogram_math.h"
#include "harness/promql/label_hash.h"
#include "harness/promql/native_histogram_text.h"
#include "harness/promql/natural_order.h"
#include "harness/promql/presence.h"
#include "harness/promql/series_notation.h"
#include "harness/promql/sliding_fold.h"

namespace tocsin::promql {
namespace {

using testing::ElementsAre;

TEST(Presence, IsAVectorOfBits) {
  Presence p(70);
  EXPECT_TRUE(p.none());
  p.set(0);
  p.set(69);
  EXPECT_TRUE(p[69]);
  EXPECT_FALSE(p[68]);
  EXPECT_EQ(p.count(), 2U);
  std::vector<std::size_t> seen;
  p.for_each([&](std::size_t i) { seen.push_back(i); });
  EXPECT_THAT(seen, ElementsAre(0, 69));
  p.reset(0);
  Presence all(70, true);
  EXPECT_TRUE(all.all());
  EXPECT_TRUE(all.overlaps(p));
  all -= p;
  EXPECT_EQ(all.count(), 69U);
  EXPECT_FALSE(all.overlaps(p));
  all |= p;
  EXPECT_EQ(all, Presence(70, true));
  Presence grown;
  for (int i = 0; i < 130; ++i) grown.push_back(i % 3 == 0);
  EXPECT_EQ(grown.size(), 130U);
  EXPECT_EQ(grown.count(), 44U);
  Presence part(200);
  part.set_range(60, 131);
  EXPECT_EQ(part.count(), 71U);
  EXPECT_TRUE(part[60] && part[130]);
  EXPECT_FALSE(part[59] || part[131]);
}

struct SumOfSquares {
  using State = long;
  static State one(std::size_t i) { return static_cast<long>(i * i); }
  static State join(State a, State b) { return a + b; }
};

TEST(SlidingFold, FollowsAnyWindowThatMovesForward) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    SlidingFold<SumOfSquares> fold{SumOfSquares()};
    std::size_t lo = 0;
    std::size_t hi = 1;
    for (int step = 0; step < 100; ++step) {
      hi += random() % 5;
      lo = std::min(hi - 1, lo + random() % 6);
      long expected = 0;
      for (std::size_t i = lo; i < hi; ++i) expected += static_cast<long>(i * i);
      ASSERT_EQ(fold.slide(lo, hi), expected);
    }
  }
}

TEST(NaturalOrder, NumbersCompareByValue) {
  EXPECT_TRUE(natural_less("host2", "host10"));
  EXPECT_FALSE(natural_less("host10", "host2"));
  EXPECT_TRUE(natural_less("a", "b"));
  EXPECT_TRUE(natural_less("", "a"));
  EXPECT_FALSE(natural_less("a1", "a1"));
}

/// Vectors of the reference implementation.
TEST(LabelHash, IsXxhash64) {
  EXPECT_EQ(xxhash64(""), 0xEF46DB3751D8E999ULL);
  EXPECT_EQ(xxhash64("a"), 0xD24EC4F1A98C6E5BULL);
  EXPECT_EQ(xxhash64("abc"), 0x44BC2CF5AD770999ULL);
  EXPECT_EQ(xxhash64("Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1ULL);
}

TEST(FormatG, IsGosShortestForm) {
  EXPECT_EQ(format_g(0), "0");
  EXPECT_EQ(format_g(0.0001), "0.0001");
  EXPECT_EQ(format_g(0.00001), "1e-05");
  EXPECT_EQ(format_g(123456), "123456");
  EXPECT_EQ(format_g(1e6), "1e+06");
  EXPECT_EQ(format_g(-INFINITY), "-Inf");
}

/// With counts evened out as Prometheus does; the figures follow from linear interpolation.
TEST(ClassicHistogram, Quantile) {
  std::vector<ClassicBucket> buckets = {{1, 10}, {2, 30}, {INFINITY, 40}};
  EXPECT_DOUBLE_EQ(classic_quantile(0.5, buckets).value, 1.5);
  EXPECT_DOUBLE_EQ(classic_quantile(0.99, buckets).value, 2);
  EXPECT_TRUE(std::isnan(classic_quantile(NAN, buckets).value));
  std::vector<ClassicBucket> falling = {{1, 10}, {2, 8}, {INFINITY, 20}};
  const ClassicQuantile fixed = classic_quantile(0.25, falling);
  EXPECT_DOUBLE_EQ(fixed.value, 0.5);
  ASSERT_TRUE(fixed.fix);
  EXPECT_EQ(fixed.fix->largest_decrease, 2);
  std::vector<ClassicBucket> open = {{1, 10}};
  EXPECT_TRUE(std::isnan(classic_quantile(0.5, open).value));
}

TEST(ClassicHistogram, NumbersAsGoReadsThem) {
  EXPECT_EQ(parse_go_float("+Inf"), INFINITY);
  EXPECT_EQ(parse_go_float("-1e3"), -1000);
  EXPECT_EQ(parse_go_float("0x10p0"), 16);
  EXPECT_EQ(parse_go_float(""), std::nullopt);
  EXPECT_EQ(parse_go_float("1s"), std::nullopt);
  EXPECT_EQ(parse_go_float("--1"), std::nullopt);
}

NativeHistogram histogram(const std::string& text) {
  const auto values = parse_sequence(text);
  EXPECT_TRUE(values) << text;
  return *values->front().histogram;
}

TEST(NativeHistogram, AddsAcrossResolutionsAndZeroBuckets) {
  NativeHistogram a = histogram("{{schema:1 count:4 sum:4 offset:1 buckets:[1 1 1 1]}}");
  const NativeHistogram b = histogram("{{schema:0 count:2 sum:2 offset:1 buckets:[2]}}");
  EXPECT_TRUE(add(a, b).compatible);
  EXPECT_EQ(test_notation(a), "{{count:6 sum:6 offset:1 buckets:[4 2]}}");
  NativeHistogram narrow = histogram("{{schema:0 count:3 z_bucket:1 z_bucket_w:0.5 buckets:[2]}}");
  const NativeHistogram wide = histogram("{{schema:0 count:1 z_bucket:1 z_bucket_w:1}}");
  add(narrow, wide);
  EXPECT_EQ(test_notation(narrow), "{{count:4 z_bucket:4 z_bucket_w:1}}");
}

TEST(NativeHistogram, CustomBoundsAreReducedToCommonOnes) {
  NativeHistogram a = histogram("{{schema:-53 count:6 custom_values:[1 2 3] buckets:[1 2 3]}}");
  const NativeHistogram b = histogram("{{schema:-53 count:3 custom_values:[1 3] buckets:[1 2]}}");
  EXPECT_TRUE(add(a, b).bounds_reconciled);
  EXPECT_EQ(test_notation(a), "{{schema:-53 count:9 custom_values:[1 3] buckets:[2 7]}}");
  EXPECT_FALSE(add(a, histogram("{{schema:0 count:1 buckets:[1]}}")).compatible);
}

TEST(NativeHistogram, SeesResets) {
  const NativeHistogram before = histogram("{{schema:0 count:4 buckets:[1 3]}}");
  EXPECT_FALSE(was_reset(histogram("{{schema:0 count:6 buckets:[2 4]}}"), before));
  EXPECT_TRUE(was_reset(histogram("{{schema:0 count:6 buckets:[6]}}"), before));
  EXPECT_TRUE(was_reset(histogram("{{schema:0 count:3 buckets:[1 2]}}"), before));
  EXPECT_TRUE(was_reset(histogram("{{schema:1 count:6 buckets:[2 4]}}"), before));
}

TEST(SeriesNotation, AllForms) {
  const auto series =
      parse_series_description(R"(x{a="b", "c d"='e'}  1 -2+0.5x2 _x2 stale 3x1 NaN -Inf 1e3)");
  ASSERT_TRUE(series);
  EXPECT_EQ(series->labels, (Labels{{"__name__", "x"}, {"a", "b"}, {"c d", "e"}}));
  std::vector<std::string> texts;
  for (const SequenceValue& value : series->values) {
    texts.push_back(value.omitted ? "_" : is_stale(value.value) ? "stale" : format_g(value.value));
  }
  EXPECT_THAT(texts, ElementsAre("1", "-2", "-1.5", "-1", "_", "_", "stale", "3", "3", "NaN",
                                 "-Inf", "1000"));
}

TEST(SeriesNotation, ErrorsHaveAColumn) {
  const auto column = [](const std::string& text) {
    const auto series = parse_series_description(text);
    return series ? 0 : series.error().pos.column;
  };
  EXPECT_EQ(column("x 1 2 y"), 7);
  EXPECT_EQ(column("x{a=1} 1"), 5);
  EXPECT_EQ(column("x{a=\"1} 1"), 5);
  EXPECT_EQ(column("x{a=\"\\u12g\"} 1"), 5);
  EXPECT_EQ(column("x{a=\"\\"), 5);
  EXPECT_EQ(column("x 1+2"), 6);
  EXPECT_EQ(column("x 1x99999999999"), 16);
  EXPECT_EQ(column("x {{schema:99}}"), 16);
  EXPECT_EQ(column("x {{foo:1}}"), 5);
}

}  // namespace
}  // namespace tocsin::promql
