#include "harness/stack/sample_tap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::stack {
namespace {

using ::testing::ElementsAre;

backtest::AnswerSeries floats(Labels labels, std::vector<std::int64_t> times,
                              std::vector<double> values) {
  backtest::AnswerSeries series;
  series.labels = std::move(labels);
  series.times = std::move(times);
  series.values = std::move(values);
  return series;
}

Labels of_target(std::string_view name) {
  return {{kMetricName, name}, {"job", "shop"}, {"instance", "a:1"}};
}

/// "t=v", with "stale" for the end of a series.
std::vector<std::string> told(const metrics::Store& store, const Labels& labels) {
  std::vector<std::string> out;
  const auto id = store.find(labels);
  if (!id) return out;
  const SeriesView view = store.view(*id);
  for (std::size_t i = 0; i < view.values.size(); ++i) {
    const std::string value =
        is_stale(view.values[i]) ? "stale" : std::to_string(static_cast<int>(view.values[i]));
    out.push_back(std::to_string(view.timestamps[i]) + '=' + value);
  }
  return out;
}

TEST(SampleTap, PiecesMayOverlap) {
  SampleTap tap;
  tap.add({floats(of_target("x"), {10, 20}, {1, 2})});
  tap.add({floats(of_target("x"), {20, 30}, {2, 3})});
  EXPECT_THAT(told(*tap.store(), of_target("x")), ElementsAre("10=1", "20=2", "30=3"));
}

TEST(SampleTap, ASeriesThatAScrapeDoesNotBringHasEnded) {
  SampleTap tap;
  tap.add({floats(of_target("up"), {10, 20, 30, 40}, {1, 1, 0, 1}),
           floats(of_target("x"), {10, 20, 40}, {1, 2, 4}), floats(of_target("gone"), {10}, {7}),
           floats({{kMetricName, "other"}, {"job", "else"}}, {10}, {8})});
  const auto store = tap.store();
  EXPECT_THAT(told(*store, of_target("x")), ElementsAre("10=1", "20=2", "30=stale", "40=4"));
  EXPECT_THAT(told(*store, of_target("gone")), ElementsAre("10=7", "20=stale"));
  EXPECT_THAT(told(*store, of_target("up")), ElementsAre("10=1", "20=1", "30=0", "40=1"));
  EXPECT_THAT(told(*store, {{kMetricName, "other"}, {"job", "else"}}), ElementsAre("10=8"));
}

TEST(SampleTap, ARecordedSeriesHasEndedWhenItMissesAnEvaluation) {
  SampleTap tap;
  tap.set_recorded("job:x", Duration(10));
  tap.add({floats({{kMetricName, "job:x"}}, {10, 20, 50}, {1, 2, 5})});
  EXPECT_THAT(told(*tap.store(), {{kMetricName, "job:x"}}),
              ElementsAre("10=1", "20=2", "30=stale", "50=5"));
}

}  // namespace
}  // namespace tocsin::stack
