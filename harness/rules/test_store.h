#pragma once

#include <map>
#include <vector>

#include "harness/model/series.h"

/// A store for tests: plain columns by labels, and Prometheus' refusal of old samples.

namespace tocsin::rules {

class TestStore final : public SeriesSource, public SampleSink {
 public:
  struct Columns {
    std::vector<std::int64_t> timestamps;
    std::vector<double> values;
    bool operator==(const Columns& other) const;
  };

  std::vector<SeriesView> select(std::span<const Matcher> matchers, TimeRange range) const override;
  const FamilyInfo* family(std::string_view) const override { return nullptr; }
  bool append(const Labels& labels, Timestamp at, double value) override;

  const std::map<Labels, Columns>& series() const { return series_; }

 private:
  std::map<Labels, Columns> series_;
};

}  // namespace tocsin::rules
