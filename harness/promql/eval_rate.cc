// rate, increase, delta, irate, idelta, changes, resets.

#include <cmath>

#include "harness/promql/compensated_sum.h"
#include "harness/promql/eval_window_mixed.h"
#include "harness/promql/window.h"

namespace tocsin::promql {
namespace {

/// Where a counter fell back, and how much had been counted by then; sums over any stretch of the
/// series in constant time.
class CounterResets {
 public:
  explicit CounterResets(const WindowInput& in) : values_(in.values) {
    CompensatedSum lost;
    for (std::size_t i = 1; i < in.values.size(); ++i) {
      if (!(in.values[i] < in.values[i - 1]) && !start_reset(in, i)) continue;
      at_.push_back(i);
      sums_.push_back(lost);
      lost.add(in.values[i - 1]);
    }
    sums_.push_back(lost);
    summable_ = std::isfinite(lost.value());
  }

  /// What to add to last - first for the window [lo, hi). Neither bound may decrease.
  double correction(std::size_t lo, std::size_t hi) {
    while (first_ < at_.size() && at_[first_] <= lo) ++first_;
    if (end_ < first_) end_ = first_;
    while (end_ < at_.size() && at_[end_] < hi) ++end_;
    if (first_ == end_) return 0;
    if (summable_ && end_ - first_ > kFew) {
      return (sums_[end_].sum - sums_[first_].sum) + (sums_[end_].error - sums_[first_].error);
    }
    double sum = 0;
    for (std::size_t i = first_; i < end_; ++i) sum += values_[at_[i] - 1];
    return sum;
  }
  std::size_t count(std::size_t lo, std::size_t hi) {
    correction(lo, hi);
    return end_ - first_;
  }

 private:
  static constexpr std::size_t kFew = 8;

  static bool start_reset(const WindowInput& in, std::size_t i) {
    return !in.starts.empty() &&
           is_start_reset(in.starts[i - 1], in.times[i - 1], in.starts[i], in.times[i]);
  }

  std::span<const double> values_;
  std::vector<std::size_t> at_;
  std::vector<CompensatedSum> sums_;  ///< before each reset, and after the last
  bool summable_ = true;
  std::size_t first_ = 0;
  std::size_t end_ = 0;
};

/// Notes, for each window, samples that claim to have started before their predecessor.
class StartOverlaps {
 public:
  explicit StartOverlaps(const WindowInput& in) : in_(in) {
    for (std::size_t i = 1; i < in.starts.size(); ++i) {
      if (is_start_overlap(in.starts[i - 1], in.times[i - 1], in.starts[i])) at_.push_back(i);
    }
  }
  void note(std::size_t lo, std::size_t hi) {
    while (next_ < at_.size() && at_[next_] <= lo) ++next_;
    if (next_ == at_.size() || at_[next_] >= hi) return;
    in_.evaluation->annotations.add_start_time_overlap(in_.labels->metric_name(),
                                                       in_.range_argument);
  }

 private:
  const WindowInput& in_;
  std::vector<std::size_t> at_;
  std::size_t next_ = 0;
};

/// RateWindow::factor() of windows one after another. On series without gaps one window lies to its
/// samples as the last one did, and only a counter's zero, if it is near, makes a difference.
class LastFactor {
 public:
  /// The factor, if it is the last one's.
  bool fits(std::size_t samples, std::int64_t lead, std::int64_t tail, double increase,
            double first_value) const {
    return known_ && samples == samples_ && lead == lead_ && tail == tail_ &&
           (!bounded_by_zero_ || first_value > reach_ * increase);
  }
  double factor() const { return factor_; }

  /// Of a window that lies like the one before it: of others there is nothing to gain.
  void learn(const RateWindow& window) {
    if (window.samples < 2 || window.start != 0 || window.zero_first) return;
    const std::int64_t lead = window.first - window.range_start;
    const std::int64_t tail = window.range_end - window.last;
    const bool again = window.samples == samples_ && lead == lead_ && tail == tail_;
    samples_ = window.samples;
    lead_ = lead;
    tail_ = tail;
    if (again == known_) return;
    known_ = again;
    if (!known_) return;
    bounded_by_zero_ = window.counter;
    factor_ = *window.factor(0, 0);  // as if the counter's zero were far away
    reach_ = window.reach_to_start();
  }

 private:
  bool known_ = false;  ///< factor_ and reach_ are those of the shape below
  std::size_t samples_ = 0;
  std::int64_t lead_ = 0;
  std::int64_t tail_ = 0;
  bool bounded_by_zero_ = false;
  double factor_ = 0;
  double reach_ = 0;
};

enum class RateKind { kRate, kIncrease, kDelta };

template <RateKind kind>
void extrapolated(const WindowInput& in, Row& out) {
  constexpr bool kCounter = kind != RateKind::kDelta;
  CounterResets resets(in);
  StartOverlaps overlaps(in);
  RateWindow window;
  window.width_s = static_cast<double>(in.width_ms) / 1000;
  window.counter = kCounter;
  window.per_second = kind == RateKind::kRate;
  window.zero_first = in.evaluation->options.version_2;
  LastFactor last;
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    const std::int64_t end = in.ends.at(step);
    double increase = in.values[hi - 1] - in.values[lo];
    if (kCounter) {
      increase += resets.correction(lo, hi);
      if (!in.starts.empty()) overlaps.note(lo, hi);
    }
    const std::int64_t lead = in.times[lo] - (end - in.width_ms);
    const std::int64_t tail = end - in.times[hi - 1];
    if (in.starts.empty() && last.fits(hi - lo, lead, tail, increase, in.values[lo])) {
      return out.set(step, increase * last.factor());
    }
    window.samples = hi - lo;
    window.range_start = end - in.width_ms;
    window.range_end = end;
    window.first = in.times[lo];
    window.last = in.times[hi - 1];
    window.start = kCounter && !in.starts.empty() ? in.starts[lo] : 0;
    if (window.starts_inside()) increase += in.values[lo];
    const std::optional<double> factor = window.factor(increase, in.values[lo]);
    if (factor) out.set(step, increase * *factor);
    last.learn(window);
  });
}

template <bool is_rate>
void instant_value(const WindowInput& in, Row& out) {
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    if (hi - lo < 2) return;
    const double last = in.values[hi - 1];
    const double previous = in.values[hi - 2];
    const bool reset =
        is_rate && (last < previous ||
                    (!in.starts.empty() && is_start_reset(in.starts[hi - 2], in.times[hi - 2],
                                                          in.starts[hi - 1], in.times[hi - 1])));
    const double difference = reset ? last : last - previous;
    const double seconds = static_cast<double>(in.times[hi - 1] - in.times[hi - 2]) / 1000;
    out.set(step, is_rate ? difference / seconds : difference);
  });
}

void changes(const WindowInput& in, Row& out) {
  std::vector<std::uint32_t> so_far(in.values.size(), 0);
  for (std::size_t i = 1; i < in.values.size(); ++i) {
    const double value = in.values[i];
    const double previous = in.values[i - 1];
    const bool changed = value != previous && !(std::isnan(value) && std::isnan(previous));
    so_far[i] = so_far[i - 1] + (changed ? 1U : 0U);
  }
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    out.set(step, static_cast<double>(so_far[hi - 1] - so_far[lo]));
  });
}

void resets(const WindowInput& in, Row& out) {
  CounterResets found(in);
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    out.set(step, static_cast<double>(found.count(lo, hi)));
  });
}

}  // namespace

bool RateWindow::starts_inside() const {
  return counter && start != 0 && start > range_start && start < first;
}

double RateWindow::reach_to_start() const {
  const auto sampled = static_cast<double>(last - first);
  const double spacing = sampled / static_cast<double>(samples - 1);
  const auto to_start = static_cast<double>(first - range_start);
  return (to_start >= spacing * 1.1 ? spacing / 2 : to_start) / sampled;
}

std::optional<double> RateWindow::factor(double increase, double first_value) const {
  const bool known_start = starts_inside();
  if (samples < 2 && !known_start) return std::nullopt;
  double sampled = static_cast<double>(last - first) / 1000;
  const double spacing = samples < 2 ? 0 : sampled / static_cast<double>(samples - 1);
  const double threshold = spacing * 1.1;
  double to_start = static_cast<double>(first - range_start) / 1000;
  double to_end = static_cast<double>(range_end - last) / 1000;
  if (known_start) {
    // The counter began within the window: nothing is to be guessed on that side.
    to_start = 0;
    sampled = static_cast<double>(last - start) / 1000;
  } else {
    // A counter that grows this fast was zero not long before its first sample.
    const bool bounded = counter && increase > 0 && first_value >= 0;
    const double to_zero = bounded ? sampled * (first_value / increase) : to_start;
    if (zero_first) to_start = std::min(to_start, to_zero);
    if (to_start >= threshold) to_start = spacing / 2;
    if (!zero_first && to_zero < to_start) to_start = to_zero;
  }
  if (to_end >= threshold) to_end = spacing / 2;
  double factor = sampled != 0 ? (sampled + to_start + to_end) / sampled : 1;
  if (per_second) factor /= width_s;
  return factor;
}

std::span<const WindowFunction> rate_functions() {
  static const WindowFunction kFunctions[] = {
      {"changes", changes, mixed_changes},
      {"delta", extrapolated<RateKind::kDelta>, mixed_delta},
      {"idelta", instant_value<false>, mixed_idelta},
      {"increase", extrapolated<RateKind::kIncrease>, mixed_increase},
      {"irate", instant_value<true>, mixed_irate},
      {"rate", extrapolated<RateKind::kRate>, mixed_rate},
      {"resets", resets, mixed_resets},
  };
  return kFunctions;
}

}  // namespace tocsin::promql
