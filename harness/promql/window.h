#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/promql/evaluation.h"

/// Range functions: the samples of a series within a window that moves along the steps.

namespace tocsin::promql {

class WindowStretches;

/// One call of a range function on one series that holds floats only.
struct WindowInput {
  std::span<const std::int64_t> times;   ///< ms, ascending, without stale markers
  std::span<const double> values;        ///< as many
  std::span<const std::int64_t> starts;  ///< start timestamps; empty when unknown or not in use
  LookTimes ends;                        ///< where the window ends at each step
  std::int64_t width_ms = 0;
  std::span<const ScalarColumn> scalars;  ///< the call's other arguments, in order
  const Labels* labels = nullptr;
  const Call* call = nullptr;
  const Timeline* timeline = nullptr;
  TextRange range_argument;  ///< where the range vector is in the text
  Evaluation* evaluation = nullptr;
  WindowStretches* stretches = nullptr;  ///< where to ask for them (window_stretches.h)
  bool times_stay = false;               ///< `times` are what they are until the call ends

  /// Time of the oldest sample that a window ending at `end` holds, less one.
  std::int64_t before(std::int64_t end) const {
    return end - width_ms - (evaluation->options.version_2 ? 1 : 0);
  }
};

/// Calls body(step, lo, hi) for each step whose window holds the samples [lo, hi), at least one.
template <class Body>
void for_windows(const WindowInput& in, Body&& body) {
  const std::size_t n = in.times.size();
  std::size_t lo = 0;
  std::size_t hi = 0;
  for (std::size_t step = 0; step < in.ends.steps; ++step) {
    const std::int64_t end = in.ends.at(step);
    const std::int64_t before = in.before(end);
    while (hi < n && in.times[hi] <= end) ++hi;
    while (lo < hi && in.times[lo] <= before) ++lo;
    in.evaluation->work(1 + hi - lo);
    if (lo < hi) body(step, lo, hi);
  }
}

/// The samples of one window of a series that holds histograms, perhaps beside floats.
struct MixedWindow {
  std::span<const std::int64_t> float_times;
  std::span<const double> floats;
  std::span<const std::int64_t> float_starts;
  std::span<const std::int64_t> histogram_times;
  std::span<const NativeHistogramPtr> histograms;
  std::span<const std::int64_t> histogram_starts;
  std::size_t step = 0;
  std::int64_t end = 0;
  const Row* float_result = nullptr;  ///< what the function gives for the floats alone

  bool mixed() const { return !floats.empty() && !histograms.empty(); }
};

struct WindowFunction {
  std::string_view name;
  void (*floats)(const WindowInput&, Row&) = nullptr;
  /// Null: the function takes no notice of series that hold histograms.
  void (*mixed)(const WindowInput&, const MixedWindow&, Row&) = nullptr;
  bool keeps_name = false;
};

/// How far the increase between the first and last sample of a window speaks for the whole window.
struct RateWindow {
  bool counter = false;
  bool per_second = false;
  bool zero_first = false;  ///< bound by the counter's zero before all else, as Prometheus 2 did
  double width_s = 0;
  std::size_t samples = 0;
  std::int64_t range_start = 0;
  std::int64_t range_end = 0;
  std::int64_t first = 0;  ///< times of the first and last sample
  std::int64_t last = 0;
  std::int64_t start = 0;  ///< start timestamp of the first sample, or 0

  /// The counter is known to have begun at zero within the window.
  bool starts_inside() const;
  /// What to multiply the increase by; none when the samples are too few. The first sample's value
  /// tells when a counter can have been zero.
  std::optional<double> factor(double increase, double first_value) const;
  /// A counter's zero makes a difference if it is nearer to the first sample than this, as a part
  /// of the time between the first and last sample. At least two samples.
  double reach_to_start() const;
};

std::span<const WindowFunction> rate_functions();
std::span<const WindowFunction> over_time_functions();
std::span<const WindowFunction> regression_functions();

/// Windows of no more samples are added up in order, as Prometheus does, so that the result is the
/// same to the last bit: another function may make much of it (resets, round). Larger ones slide.
inline constexpr std::size_t kFewSamples = 64;

// In a file of their own.
void stddev_over_time(const WindowInput& in, Row& out);
void stdvar_over_time(const WindowInput& in, Row& out);

/// Prometheus' quantile of values in ascending order, NaNs first.
double quantile_of_sorted(double q, std::span<const double> sorted);
/// The same, rearranging the values.
double quantile_of(double q, std::span<double> values);
/// The median of the distances from the median of ascending values.
double median_distance(std::span<const double> sorted, std::vector<double>& scratch);
/// The mean, also where the sum would overflow.
double mean_of(std::span<const double> values);
/// Double exponential smoothing of at least two values.
double smoothed_value(std::span<const double> values, double smoothing_factor, double trend_factor);
void check_smoothing_factor(const WindowInput& in, std::string_view which, double factor);
/// Where Prometheus points to when it complains about a call.
TextRange first_argument(const WindowInput& in);
/// Ascending, NaNs first.
inline bool nan_first_less(double a, double b) {
  return a != a ? b == b : a < b;
}

/// Whether a range function looks at start timestamps at all.
bool uses_start_timestamps(std::string_view function);
/// Whether a counter's start timestamp says that it was reset between two samples.
bool is_start_reset(std::int64_t previous_start, std::int64_t previous, std::int64_t start,
                    std::int64_t at);
/// Whether a sample claims to have started before its predecessor was taken.
bool is_start_overlap(std::int64_t previous_start, std::int64_t previous, std::int64_t start);

}  // namespace tocsin::promql
