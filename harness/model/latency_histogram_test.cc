#include "harness/model/latency_histogram.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "harness/base/random.h"

namespace tocsin {
namespace {

TEST(LatencyHistogram, QuantilesAreRightToOnePercent) {
  Random random(3);
  LatencyHistogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20000; ++i) {
    const auto ns = static_cast<std::int64_t>(std::exp(random.uniform() * 25));
    values.push_back(ns);
    histogram.add(Nanos(ns));
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::max(1.0, std::ceil(q * 20000)));
    const double exact = static_cast<double>(values[rank - 1]);
    EXPECT_NEAR(static_cast<double>(histogram.quantile(q).count()), exact, 0.008 * exact + 1) << q;
  }
  EXPECT_EQ(histogram.min().count(), values.front());
  EXPECT_EQ(histogram.max().count(), values.back());
}

TEST(LatencyHistogram, EveryValueLiesAtOrBelowItsBucketsEnd) {
  for (int bit = 0; bit < 63; ++bit) {
    for (const std::int64_t off : {-1LL, 0LL, 1LL}) {
      const std::int64_t value = std::max<std::int64_t>(0, (1LL << bit) + off);
      LatencyHistogram histogram;
      histogram.add(Nanos(value));
      ASSERT_EQ(histogram.buckets().size(), 1u);
      const std::uint32_t index = histogram.buckets().front().index;
      EXPECT_GE(LatencyHistogram::upper_bound(index).count(), value);
      EXPECT_TRUE(index == 0 || LatencyHistogram::upper_bound(index - 1).count() < value);
    }
  }
}

TEST(LatencyHistogram, MergesAndComesBackFromItsBuckets) {
  LatencyHistogram a;
  a.add(std::chrono::milliseconds(5), 3);
  LatencyHistogram b;
  b.add(std::chrono::seconds(2));
  b.add(Nanos(-5));
  a.merge(b);
  EXPECT_EQ(a.count(), 5u);
  EXPECT_EQ(a.min(), Nanos(0));
  EXPECT_EQ(a.quantile(0.5), a.quantile(0.8));
  EXPECT_EQ(a.count_at_most(std::chrono::milliseconds(6)), 4u);
  EXPECT_NEAR(to_seconds(a.mean()), (3 * 0.005 + 2) / 5, 1e-6);
  const auto copy = LatencyHistogram::from_buckets(a.buckets(), a.min(), a.max(), a.sum_ns());
  EXPECT_EQ(copy.count(), a.count());
  EXPECT_EQ(copy.quantile(0.99), a.quantile(0.99));
  EXPECT_EQ(copy.mean(), a.mean());
}

TEST(LatencyHistogram, Empty) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), Nanos(0));
  EXPECT_EQ(histogram.mean(), Nanos(0));
  EXPECT_EQ(histogram.min(), Nanos(0));
}

}  // namespace
}  // namespace tocsin
