#pragma once

#include "harness/promql/window.h"

/// Range functions on series that hold native histograms.

namespace tocsin::promql {

/// A series' floats and histograms apart, without stale markers.
class SplitSeries {
 public:
  explicit SplitSeries(const SeriesView& view, bool with_starts);

  std::span<const std::int64_t> float_times() const { return float_times_; }
  std::span<const double> floats() const { return floats_; }
  std::span<const std::int64_t> float_starts() const { return float_starts_; }
  /// The samples later than `after` and not later than `until`.
  MixedWindow window(std::int64_t after, std::int64_t until) const;

 private:
  std::vector<std::int64_t> float_times_;
  std::vector<double> floats_;
  std::vector<std::int64_t> float_starts_;
  std::vector<std::int64_t> histogram_times_;
  std::vector<NativeHistogramPtr> histograms_;
  std::vector<std::int64_t> histogram_starts_;
};

/// Applies a function to one series, window by window where there are histograms.
void evaluate_mixed(const WindowFunction& function, const WindowInput& in, const SeriesView& view,
                    Row& out);

/// A subquery's rows as series.
class SubquerySeries {
 public:
  /// Valid until the next call.
  const SeriesView& from(const Row& row, const Timeline& timeline);

 private:
  std::vector<std::int64_t> times_;
  std::vector<double> values_;
  std::vector<NativeHistogramPtr> histograms_;
  SeriesView view_;
};

/// The difference of the ends of a stretch of histograms, resets taken into account for counters.
/// Null when they cannot be combined.
std::shared_ptr<NativeHistogram> histogram_increase(const WindowInput& in,
                                                    const MixedWindow& window, bool counter);

void mixed_avg_over_time(const WindowInput&, const MixedWindow&, Row&);
void mixed_changes(const WindowInput&, const MixedWindow&, Row&);
void mixed_count_over_time(const WindowInput&, const MixedWindow&, Row&);
void mixed_delta(const WindowInput&, const MixedWindow&, Row&);
void mixed_first_over_time(const WindowInput&, const MixedWindow&, Row&);
/// For functions that leave histograms aside.
void mixed_floats_only(const WindowInput&, const MixedWindow&, Row&);
void mixed_idelta(const WindowInput&, const MixedWindow&, Row&);
void mixed_increase(const WindowInput&, const MixedWindow&, Row&);
void mixed_irate(const WindowInput&, const MixedWindow&, Row&);
void mixed_last_over_time(const WindowInput&, const MixedWindow&, Row&);
void mixed_present_over_time(const WindowInput&, const MixedWindow&, Row&);
void mixed_rate(const WindowInput&, const MixedWindow&, Row&);
void mixed_resets(const WindowInput&, const MixedWindow&, Row&);
void mixed_sum_over_time(const WindowInput&, const MixedWindow&, Row&);
void mixed_ts_of_first_over_time(const WindowInput&, const MixedWindow&, Row&);
void mixed_ts_of_last_over_time(const WindowInput&, const MixedWindow&, Row&);

}  // namespace tocsin::promql
