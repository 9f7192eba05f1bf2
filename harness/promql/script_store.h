#pragma once

#include <map>
#include <string>

#include "harness/promql/promqltest.h"

namespace tocsin::promql {

/// What Prometheus' storage tells of a sample: "not reset" when it goes on where the one before
/// (or null) ended, else nothing, whatever hint it came with. Gauges are gauges.
NativeHistogramPtr as_stored(const NativeHistogramPtr& histogram, const NativeHistogram* before);

/// The series that a test script has loaded.
class ScriptStore final : public SeriesSource {
 public:
  void clear() { series_.clear(); }
  /// Samples later than the ones a series has are appended. Fails on classic histograms that make
  /// no native ones.
  Result<void> load(const LoadCommand& command);

  std::vector<SeriesView> select(std::span<const Matcher> matchers, TimeRange range) const override;
  const FamilyInfo* family(std::string_view) const override { return nullptr; }

 private:
  struct Columns {
    std::vector<std::int64_t> times;
    std::vector<double> values;
    std::vector<NativeHistogramPtr> histograms;  ///< empty or as many
    std::vector<std::int64_t> starts;            ///< empty or as many
  };

  void append(const Labels& labels, std::int64_t at, double value, NativeHistogramPtr histogram,
              std::int64_t start);
  Result<void> load_custom_buckets(const LoadCommand& command);

  std::map<Labels, Columns> series_;
};

}  // namespace tocsin::promql
