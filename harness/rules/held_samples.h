#pragma once

#include <unordered_map>
#include <vector>

#include "harness/rules/rule_runner.h"

namespace tocsin::rules {

/// What one rule writes, held back until nobody reads the store. Refuses what a store would.
class HeldSamples final : public SampleSink {
 public:
  bool append(const Labels& labels, Timestamp at, double value) override {
    return hold(labels, at, value, nullptr);
  }
  bool append_native(const Labels& labels, Timestamp at, NativeHistogramPtr histogram) override {
    return hold(labels, at, 0, std::move(histogram));
  }

  /// Series by series; tells the writer what is refused now. Holds nothing afterwards.
  void flush_to(SampleSink& sink, RuleRunner& writer);

 private:
  struct Series {
    Labels labels;
    std::vector<Timestamp> times;
    std::vector<double> values;
    std::vector<NativeHistogramPtr> histograms;  ///< empty, or as many
  };

  bool hold(const Labels& labels, Timestamp at, double value, NativeHistogramPtr histogram);

  std::unordered_map<Labels, std::size_t> index_;
  std::vector<Series> series_;
};

}  // namespace tocsin::rules
