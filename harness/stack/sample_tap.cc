#include "harness/stack/sample_tap.h"

#include <algorithm>
#include <limits>

namespace tocsin::stack {
namespace {

template <class Value>
void take_newer(const std::vector<std::int64_t>& times, const std::vector<Value>& values,
                std::vector<std::int64_t>& into_times, std::vector<Value>& into) {
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!into_times.empty() && times[i] <= into_times.back()) continue;
    into_times.push_back(times[i]);
    into.push_back(values[i]);
  }
}

/// The `up` series of the target that a series is scraped from.
Labels up_of(const Labels& series) {
  return {{kMetricName, "up"}, {"job", series.get("job")}, {"instance", series.get("instance")}};
}

}  // namespace

void SampleTap::add(const std::vector<backtest::AnswerSeries>& piece) {
  for (const backtest::AnswerSeries& one : piece) {
    TappedSeries& series = series_[one.labels];
    take_newer(one.times, one.values, series.times, series.values);
    take_newer(one.histogram_times, one.histograms, series.histogram_times, series.histograms);
  }
}

const std::vector<std::int64_t>* SampleTap::scrapes_of(const Labels& series) const {
  const Labels up = up_of(series);
  const auto exact = series_.find(up);
  if (exact != series_.end()) return &exact->second.times;
  // Targets may have further labels.
  for (const auto& [labels, tapped] : series_) {
    if (labels.metric_name() == "up" && labels.get("job") == up.get("job") &&
        labels.get("instance") == up.get("instance")) {
      return &tapped.times;
    }
  }
  return nullptr;
}

/// Times at which the series ended.
std::vector<std::int64_t> SampleTap::ends_of(const Labels& labels,
                                             const TappedSeries& series) const {
  std::vector<std::int64_t> ends;
  const auto recorded = recorded_.find(std::string(labels.metric_name()));
  const auto next_after = [&](std::size_t i, std::int64_t none) {
    return i + 1 < series.times.size() ? series.times[i + 1] : none;
  };
  if (recorded != recorded_.end()) {
    const std::int64_t interval = recorded->second.count();
    for (std::size_t i = 0; i + 1 < series.times.size(); ++i) {
      if (series.times[i + 1] - series.times[i] > interval * 3 / 2) {
        ends.push_back(series.times[i] + interval);
      }
    }
    return ends;
  }
  const std::vector<std::int64_t>* scrapes = scrapes_of(labels);
  if (scrapes == nullptr || &series.times == scrapes) return ends;
  for (std::size_t i = 0; i < series.times.size(); ++i) {
    const auto next = std::upper_bound(scrapes->begin(), scrapes->end(), series.times[i]);
    if (next == scrapes->end()) break;
    if (*next < next_after(i, std::numeric_limits<std::int64_t>::max())) ends.push_back(*next);
  }
  return ends;
}

std::shared_ptr<metrics::Store> SampleTap::store(Timestamp end) const {
  auto store = std::make_shared<metrics::Store>();
  for (const auto& [labels, series] : series_) {
    const metrics::SeriesId id = store->intern(labels);
    const std::vector<std::int64_t> ends = ends_of(labels, series);
    std::size_t f = 0;
    std::size_t h = 0;
    std::size_t e = 0;
    constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
    const auto at = [&](const std::vector<std::int64_t>& times, std::size_t i) {
      return i < times.size() ? times[i] : kNever;
    };
    while (true) {
      const std::int64_t next =
          std::min({at(series.times, f), at(series.histogram_times, h), at(ends, e)});
      if (next == kNever || next > to_ms(end)) break;
      if (next == at(series.times, f)) {
        store->append(id, from_ms(next), series.values[f++]);
      } else if (next == at(series.histogram_times, h)) {
        store->append_histogram(id, from_ms(next), series.histograms[h++]);
      } else {
        store->append(id, from_ms(next), stale_marker());
        ++e;
      }
    }
  }
  return store;
}

}  // namespace tocsin::stack
