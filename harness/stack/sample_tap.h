#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/backtest/query_answer.h"
#include "harness/metrics/store.h"
#include "harness/model/labels.h"

namespace tocsin::stack {

/// One series of floats as it was read, piece by piece.
struct TappedSeries {
  std::vector<std::int64_t> times;  ///< ms, ascending
  std::vector<double> values;
  std::vector<std::int64_t> histogram_times;
  std::vector<NativeHistogramPtr> histograms;
};

/// What was read from a Prometheus' API. The API shows no stale markers, so that a series which
/// ended looks like one that nobody has scraped since; store() puts them back.
class SampleTap {
 public:
  /// Samples that were here before are left out, so pieces may overlap.
  void add(const std::vector<backtest::AnswerSeries>& piece);

  const std::unordered_map<Labels, TappedSeries>& series() const { return series_; }
  /// When a target was scraped, by its `up` series.
  const std::vector<std::int64_t>* scrapes_of(const Labels& series) const;

  /// What rules record, and how often: such a series has ended when it misses an evaluation.
  void set_recorded(std::string metric, Duration interval) { recorded_[metric] = interval; }

  /// Everything up to `end`, with stale markers: where a scrape, or an evaluation of a recorded
  /// series, brought nothing more of a series.
  std::shared_ptr<metrics::Store> store(Timestamp end = Timestamp::max()) const;

 private:
  std::vector<std::int64_t> ends_of(const Labels& labels, const TappedSeries& series) const;

  std::unordered_map<Labels, TappedSeries> series_;
  std::map<std::string, Duration> recorded_;
};

}  // namespace tocsin::stack
