#pragma once

#include <unordered_map>
#include <vector>

#include "harness/metrics/store.h"
#include "harness/model/series.h"
#include "harness/ruletest/inputs.h"

namespace tocsin::ruletest {

/// A test's series: its inputs, which are shared, and what rules record. As in promtool, there are
/// no samples after the last evaluation.
///
/// A rule that records a sample of an input series is refused, and noticed: then the inputs must be
/// there step by step, for the outcome depends on which came first.
class GroupStore final : public SeriesSource, public SampleSink {
 public:
  GroupStore(const Inputs& inputs, Timestamp last) : inputs_(inputs), last_(last) {}

  std::vector<SeriesView> select(std::span<const Matcher> matchers, TimeRange range) const override;
  const FamilyInfo* family(std::string_view) const override { return nullptr; }
  bool append(const Labels& labels, Timestamp at, double value) override;
  bool append_native(const Labels& labels, Timestamp at, NativeHistogramPtr histogram) override;

  bool conflicts() const { return conflicts_; }

 private:
  bool is_input(const Labels& labels);

  const Inputs& inputs_;
  Timestamp last_;
  metrics::Store recorded_;
  std::unordered_map<Labels, bool> known_;                     ///< whether it is an input
  std::unordered_map<Labels, NativeHistogramPtr> histograms_;  ///< the last of each series
  bool conflicts_ = false;
};

/// The same, where the inputs come as time goes on.
class SteppedStore final : public SeriesSource, public SampleSink {
 public:
  explicit SteppedStore(const Inputs& inputs);

  /// Adds the inputs' samples up to `now`.
  void feed(Timestamp now);

  std::vector<SeriesView> select(std::span<const Matcher> matchers, TimeRange range) const override;
  const FamilyInfo* family(std::string_view) const override { return nullptr; }
  bool append(const Labels& labels, Timestamp at, double value) override;
  bool append_native(const Labels& labels, Timestamp at, NativeHistogramPtr histogram) override;

 private:
  struct Feed {
    SeriesView samples;
    std::size_t next = 0;
  };
  std::vector<Feed> feeds_;
  metrics::Store store_;
  std::unordered_map<Labels, NativeHistogramPtr> histograms_;  ///< the last of each series
};

}  // namespace tocsin::ruletest
