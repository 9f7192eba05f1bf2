#include "harness/traffic/slices.h"

#include <gtest/gtest.h>

#include "harness/base/random.h"

namespace tocsin::traffic {
namespace {

TEST(PackedHistogram, UnpacksToTheSame) {
  Random random(1);
  for (int size : {0, 1, 2, 10, 1'000, 100'000}) {
    LatencyHistogram histogram;
    for (int i = 0; i < size; ++i) {
      histogram.add(Nanos(static_cast<std::int64_t>(random.exponential(1e6))),
                    1 + random.below(1'000));
    }
    EXPECT_EQ(PackedHistogram(histogram).unpack(), histogram) << size << " values";
  }
  LatencyHistogram extremes;
  extremes.add(Nanos(0), std::uint64_t{1} << 60);
  extremes.add(Nanos::max());
  EXPECT_EQ(PackedHistogram(extremes).unpack(), extremes);
}

TEST(Slices, KeepTheirCountsWhileOthersAreCounted) {
  Slices slices;
  std::vector<LoadCounts> expected(100);
  Random random(2);
  // Mostly onwards, now and then far back, as after a stall.
  for (std::size_t i = 0; i < 20'000; ++i) {
    const std::size_t now = i / 200;
    const std::size_t index = random.uniform() < 0.9 ? now : random.below(now + 1);
    const Nanos latency(static_cast<std::int64_t>(random.below(1'000'000)));
    for (LoadCounts* counts : {&slices.at(index), &expected[index]}) {
      counts->response.add(latency);
      counts->service.add(latency / 2);
      counts->send_lag.add(latency / 100);
      ++counts->by_status[200];
    }
  }
  Slices merged;
  merged.at(0).response.add(Nanos(5));
  expected[0].response.add(Nanos(5));
  merged.merge(slices);
  ASSERT_EQ(merged.size(), 100U);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const LoadCounts counts = merged.copy(i);
    EXPECT_EQ(counts.response, expected[i].response) << i;
    EXPECT_EQ(counts.service, expected[i].service);
    EXPECT_EQ(counts.send_lag, expected[i].send_lag);
    EXPECT_EQ(counts.by_status, expected[i].by_status);
  }
}

}  // namespace
}  // namespace tocsin::traffic
