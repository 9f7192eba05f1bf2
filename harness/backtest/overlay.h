#pragma once

#include <set>
#include <string>
#include <vector>

#include "harness/metrics/store.h"
#include "harness/model/series.h"

namespace tocsin::backtest {

/// Samples that are only read, under those that rules record. A metric that rules record hides the
/// one of that name in the data, which old rules may have recorded.
class Overlay final : public SeriesSource, public SampleSink {
 public:
  /// `samples` outlives this.
  Overlay(const SeriesSource& samples, std::set<std::string> recorded_names);

  std::vector<SeriesView> select(std::span<const Matcher> matchers, TimeRange range) const override;
  const FamilyInfo* family(std::string_view name) const override { return samples_.family(name); }
  bool append(const Labels& labels, Timestamp at, double value) override;
  bool append_native(const Labels& labels, Timestamp at, NativeHistogramPtr histogram) override;

 private:
  bool is_recorded(std::string_view name) const { return names_.find(name) != names_.end(); }

  const SeriesSource& samples_;
  std::set<std::string, std::less<>> names_;
  metrics::Store recorded_;
};

}  // namespace tocsin::backtest
