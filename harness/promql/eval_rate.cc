// rate, increase, delta, irate, idelta, changes, resets.

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/promql/compensated_sum.h"
#include "harness/promql/eval_window_mixed.h"
#include "harness/promql/window.h"
#include "harness/promql/window_stretches.h"

namespace tocsin::promql {
namespace {

/// So many values are looked at in one go, by loops without branches that become vector
/// instructions.
constexpr std::size_t kRateBlock = 16;

/// Whether any of a block's values is smaller than the one before it.
bool any_falls(const double* values) {
  const double* before = values - 1;
  double falls = 0;
  for (std::size_t k = 0; k < kRateBlock; ++k) falls += values[k] < before[k] ? 1 : 0;
  return falls != 0;
}

/// Where a counter fell back, and how much had been counted by then; sums over any stretch of the
/// series in constant time.
class CounterResets {
 public:
  /// Of what may go up and down.
  CounterResets() = default;
  explicit CounterResets(const WindowInput& in) : values_(in.values) {
    CompensatedSum lost;
    const std::size_t n = in.values.size();
    for (std::size_t i = 1; i < n; ++i) {
      if (in.starts.empty() && i + kRateBlock <= n && !any_falls(&in.values[i])) {
        i += kRateBlock - 1;
        continue;
      }
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
  /// How many windows, from [lo, hi) on and each `advance` samples further than the one before,
  /// come before the first that holds a reset. lo may not decrease.
  std::size_t windows_without(std::size_t lo, std::size_t hi, std::size_t advance) {
    while (first_ < at_.size() && at_[first_] <= lo) ++first_;
    if (first_ == at_.size()) return std::numeric_limits<std::size_t>::max();
    if (at_[first_] < hi) return 0;
    return advance == 0 ? std::numeric_limits<std::size_t>::max()
                        : (at_[first_] - hi) / advance + 1;
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

/// The rates of windows that lie alike and hold no resets: all have the same factor, but where the
/// counter's zero is near. Takes the first and last value of each window.
class AlikeWindows {
 public:
  explicit AlikeWindows(const RateWindow& window)
      : factor_(*window.factor(0, 0)),  // as if the zero were far away
        reach_(window.counter ? window.reach_to_start() : 0),
        counter_(window.counter) {}

  bool near_zero(double first, double last) const {
    const double increase = last - first;
    return counter_ && increase > 0 && first <= reach_ * increase;
  }
  /// Of windows `advance` samples apart; returns whether any was near its counter's zero.
  bool fill(const double* first, const double* last, std::size_t advance,
            std::span<double> out) const {
    bool any_near = false;
    std::size_t i = 0;
    if (advance == 1) {
      for (; i + kRateBlock <= out.size(); i += kRateBlock) {
        any_near |= fill_block(first + i, last + i, &out[i]);
      }
    }
    for (; i < out.size(); ++i) {
      const double from = first[i * advance];
      const double to = last[i * advance];
      out[i] = (to - from) * factor_;
      any_near |= near_zero(from, to);
    }
    return any_near;
  }

 private:
  bool fill_block(const double* first, const double* last, double* out) const {
    const double reach = counter_ ? reach_ : -std::numeric_limits<double>::infinity();
    double near = 0;
#pragma GCC ivdep
    for (std::size_t k = 0; k < kRateBlock; ++k) {
      const double increase = last[k] - first[k];
      out[k] = increase * factor_;
      near += (increase > 0) & (first[k] <= reach * increase) ? 1 : 0;
    }
    return near != 0;
  }

  double factor_;
  double reach_;
  bool counter_;
};

enum class RateKind { kRate, kIncrease, kDelta };

template <RateKind kind>
class Extrapolation {
 public:
  Extrapolation(const WindowInput& in, Row& out)
      : in_(in), out_(out), resets_(kCounter ? CounterResets(in) : CounterResets()), overlaps_(in) {
    window_.width_s = static_cast<double>(in.width_ms) / 1000;
    window_.counter = kCounter;
    window_.per_second = kind == RateKind::kRate;
    window_.zero_first = in.evaluation->options.version_2;
  }

  void one(std::size_t step, std::size_t lo, std::size_t hi) {
    double increase = in_.values[hi - 1] - in_.values[lo];
    if (kCounter) {
      increase += resets_.correction(lo, hi);
      if (!in_.starts.empty()) overlaps_.note(lo, hi);
    }
    look_at(step, lo, hi);
    if (window_.starts_inside()) increase += in_.values[lo];
    const std::optional<double> factor = window_.factor(increase, in_.values[lo]);
    if (factor) out_.set(step, increase * *factor);
  }

  void stretch(const WindowStretch& all) {
    // A stretch is long: what is done once for each part of it does not count.
    const bool alike = in_.starts.empty() && all.hi - all.lo > 1;
    for (std::size_t i = 0; i < all.steps;) {
      const std::size_t lo = all.lo + i * all.advance;
      const std::size_t hi = all.hi + i * all.advance;
      const std::size_t without = alike ? resets_.windows_without(lo, hi, all.advance) : 0;
      const std::size_t steps = std::min(without, all.steps - i);
      if (steps > 0) without_resets(all.step + i, steps, lo, hi, all.advance);
      if (steps == 0) one(all.step + i, lo, hi);
      i += std::max<std::size_t>(steps, 1);
    }
  }

 private:
  static constexpr bool kCounter = kind != RateKind::kDelta;

  void look_at(std::size_t step, std::size_t lo, std::size_t hi) {
    const std::int64_t end = in_.ends.at(step);
    window_.samples = hi - lo;
    window_.range_start = end - in_.width_ms;
    window_.range_end = end;
    window_.first = in_.times[lo];
    window_.last = in_.times[hi - 1];
    window_.start = kCounter && !in_.starts.empty() ? in_.starts[lo] : 0;
  }

  /// Windows from [lo, hi) on that lie alike.
  void without_resets(std::size_t step, std::size_t steps, std::size_t lo, std::size_t hi,
                      std::size_t advance) {
    look_at(step, lo, hi);
    const AlikeWindows windows(window_);
    const double* first = &in_.values[lo];
    const double* last = &in_.values[hi - 1];
    const bool any_near =
        windows.fill(first, last, advance, std::span(out_.values).subspan(step, steps));
    out_.present.set_range(step, step + steps);
    for (std::size_t i = 0; any_near && i < steps; ++i) {
      const std::size_t at = i * advance;
      if (windows.near_zero(first[at], last[at])) one(step + i, lo + at, hi + at);
    }
  }

  const WindowInput& in_;
  Row& out_;
  CounterResets resets_;
  StartOverlaps overlaps_;
  RateWindow window_;
};

template <RateKind kind>
void extrapolated(const WindowInput& in, Row& out) {
  Extrapolation<kind> extrapolation(in, out);
  for_windows_and_stretches(
      in,
      [&](std::size_t step, std::size_t lo, std::size_t hi) { extrapolation.one(step, lo, hi); },
      [&](const WindowStretch& stretch) { extrapolation.stretch(stretch); });
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
  if (zero_first) return to_start / sampled;
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
