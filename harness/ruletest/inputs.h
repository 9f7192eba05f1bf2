#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/model/series.h"
#include "harness/promql/promqltest.h"

/// The series that a test begins with, as columns. They do not change, so any number of runs may
/// read them at once.

namespace tocsin::ruletest {

class Inputs final : public SeriesSource {
 public:
  Inputs() = default;
  /// Of two series with the same labels the later one counts. The first values are at `start`.
  Inputs(const std::vector<promql::LoadCommand::Series>& series, Timestamp start,
         Duration interval);

  std::vector<SeriesView> select(std::span<const Matcher> matchers, TimeRange range) const override;
  const FamilyInfo* family(std::string_view) const override { return nullptr; }

  bool has(const Labels& labels) const;
  std::size_t size() const { return series_.size(); }
  /// Whether any of them matches; quick when a metric's name is asked for.
  bool any(std::span<const Matcher> matchers) const;
  /// Whether a series has a label of this name.
  bool has_label(std::string_view name) const;
  /// All samples, for those who feed them to a store bit by bit. In label order.
  std::vector<SeriesView> all() const;

 private:
  struct Column {
    Labels labels;
    std::size_t first = 0;  ///< into grid_, when `times` is empty
    std::vector<std::int64_t> times;
    std::vector<double> values;
    std::vector<NativeHistogramPtr> histograms;  ///< empty or as many
    std::vector<std::int64_t> starts;            ///< empty or as many
  };

  Column make(const promql::LoadCommand::Series& series) const;
  std::span<const std::int64_t> times_of(const Column& column) const;
  SeriesView view(const Column& column, std::size_t from, std::size_t count) const;
  /// Places in series_ that may match.
  template <class Visit>
  void visit(std::span<const Matcher> matchers, Visit&& visit) const;

  std::vector<std::int64_t> grid_;  ///< the times that series without gaps share
  std::vector<Column> series_;      ///< in label order
  std::unordered_map<std::string, std::vector<std::uint32_t>> by_name_;
};

}  // namespace tocsin::ruletest
