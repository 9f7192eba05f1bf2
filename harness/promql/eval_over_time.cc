// …_over_time on floats.

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/promql/compensated_sum.h"
#include "harness/promql/eval_window_mixed.h"
#include "harness/promql/sliding_fold.h"
#include "harness/promql/window.h"

namespace tocsin::promql {
namespace {

struct SumFold {
  using State = CompensatedSum;
  std::span<const double> values;

  State one(std::size_t i) const { return {values[i], 0}; }
  static State join(State left, const State& right) {
    left.add(right);
    return left;
  }
};

void sum_over_time(const WindowInput& in, Row& out) {
  SlidingFold<SumFold> fold(SumFold{in.values});
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    out.set(step, fold.slide(lo, hi).value());
  });
}

/// Prometheus 2's, from value to value, whose rounding errors are its own.
double running_mean(std::span<const double> values) {
  double count = 0;
  CompensatedSum mean;
  for (const double value : values) {
    count += 1;
    if (std::isinf(mean.sum)) {
      const bool same_infinity = std::isinf(value) && (mean.sum > 0) == (value > 0);
      if (same_infinity || std::isfinite(value)) continue;
    }
    mean.add(value / count - mean.sum / count);
  }
  return mean.value();
}

void avg_over_time(const WindowInput& in, Row& out) {
  const bool version_2 = in.evaluation->options.version_2;
  SlidingFold<SumFold> fold(SumFold{in.values});
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    const auto window = in.values.subspan(lo, hi - lo);
    if (version_2 && window.size() <= kFewSamples) return out.set(step, running_mean(window));
    const CompensatedSum total = fold.slide(lo, hi);
    if (!std::isfinite(total.sum)) {
      return out.set(step, version_2 ? running_mean(window) : mean_of(window));
    }
    const auto n = static_cast<double>(hi - lo);
    out.set(step, total.sum / n + total.error / n);
  });
}

/// Larger and Smaller say which of two values is kept; a NaN gives way to any number.
struct Larger {
  static bool better(double candidate, double kept) { return candidate > kept || std::isnan(kept); }
};
struct Smaller {
  static bool better(double candidate, double kept) { return candidate < kept || std::isnan(kept); }
};

template <class Order>
struct ExtremeFold {
  using State = double;
  std::span<const double> values;

  State one(std::size_t i) const { return values[i]; }
  static State join(State left, State right) { return Order::better(right, left) ? right : left; }
};

template <class Order>
void extreme_over_time(const WindowInput& in, Row& out) {
  SlidingFold<ExtremeFold<Order>> fold(ExtremeFold<Order>{in.values});
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    out.set(step, fold.slide(lo, hi));
  });
}

/// The last of the best, by index.
template <class Order>
struct ExtremeIndexFold {
  using State = std::size_t;
  std::span<const double> values;

  static State one(std::size_t i) { return i; }
  State join(State left, State right) const {
    const bool later = Order::better(values[right], values[left]) || values[right] == values[left];
    return later ? right : left;
  }
};

double seconds_of(const WindowInput& in, std::size_t i) {
  return static_cast<double>(in.times[i]) / 1000;
}

template <class Order>
void time_of_extreme(const WindowInput& in, Row& out) {
  SlidingFold<ExtremeIndexFold<Order>> fold(ExtremeIndexFold<Order>{in.values});
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    out.set(step, seconds_of(in, fold.slide(lo, hi)));
  });
}

/// The values of a sliding window in ascending order.
class SortedWindow {
 public:
  explicit SortedWindow(std::span<const double> values) : values_(values) {}

  std::span<const double> slide(std::size_t lo, std::size_t hi) {
    const std::size_t moved = (lo - lo_) + (hi - hi_);
    if (lo >= hi_ || moved > kFew + sorted_.size() / 8) {
      sorted_.assign(values_.begin() + lo, values_.begin() + hi);
      std::sort(sorted_.begin(), sorted_.end(), nan_first_less);
    } else {
      for (std::size_t i = hi_; i < hi; ++i) insert(values_[i]);
      for (std::size_t i = lo_; i < lo; ++i) erase(values_[i]);
    }
    lo_ = lo;
    hi_ = hi;
    return sorted_;
  }

 private:
  static constexpr std::size_t kFew = 4;

  std::vector<double>::iterator place(double value) {
    return std::lower_bound(sorted_.begin(), sorted_.end(), value, nan_first_less);
  }
  void insert(double value) { sorted_.insert(place(value), value); }
  void erase(double value) { sorted_.erase(place(value)); }

  std::span<const double> values_;
  std::vector<double> sorted_;
  std::size_t lo_ = 0;
  std::size_t hi_ = 0;
};

void quantile_over_time(const WindowInput& in, Row& out) {
  const ScalarColumn& quantiles = in.scalars.front();
  SortedWindow window(in.values);
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    const double q = quantiles[step];
    if (!(q >= 0 && q <= 1)) in.evaluation->note(invalid_quantile(q, first_argument(in)));
    out.set(step, quantile_of_sorted(q, window.slide(lo, hi)));
  });
}

void mad_over_time(const WindowInput& in, Row& out) {
  SortedWindow window(in.values);
  std::vector<double> distances;
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    const std::span<const double> sorted = window.slide(lo, hi);
    out.set(step, median_distance(sorted, distances));
  });
}

void count_over_time(const WindowInput& in, Row& out) {
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    out.set(step, static_cast<double>(hi - lo));
  });
}

void present_over_time(const WindowInput& in, Row& out) {
  for_windows(in, [&](std::size_t step, std::size_t, std::size_t) { out.set(step, 1); });
}

void first_over_time(const WindowInput& in, Row& out) {
  for_windows(in,
              [&](std::size_t step, std::size_t lo, std::size_t) { out.set(step, in.values[lo]); });
}

void last_over_time(const WindowInput& in, Row& out) {
  for_windows(
      in, [&](std::size_t step, std::size_t, std::size_t hi) { out.set(step, in.values[hi - 1]); });
}

void ts_of_first_over_time(const WindowInput& in, Row& out) {
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t) {
    out.set(step, seconds_of(in, lo));
  });
}

void ts_of_last_over_time(const WindowInput& in, Row& out) {
  for_windows(in, [&](std::size_t step, std::size_t, std::size_t hi) {
    out.set(step, seconds_of(in, hi - 1));
  });
}

}  // namespace

TextRange first_argument(const WindowInput& in) {
  const Node& first = unwrap(*in.call->arguments.front());
  return first.type == ValueType::kMatrix ? in.range_argument : first.range;
}

double mean_of(std::span<const double> values) {
  CompensatedSum total{values.front(), 0};
  for (std::size_t i = 1; i < values.size(); ++i) {
    CompensatedSum next = total;
    next.add(values[i]);
    if (!std::isinf(next.sum)) {
      total = next;
      continue;
    }
    // The sum overflows where the mean need not: go on with the mean itself.
    const auto before = static_cast<double>(i);
    CompensatedSum mean{total.sum / before, total.error / before};
    for (; i < values.size(); ++i) {
      const auto n = static_cast<double>(i + 1);
      mean = {mean.sum * ((n - 1) / n), mean.error * ((n - 1) / n)};
      mean.add(values[i] / n);
    }
    return mean.sum + mean.error;
  }
  const auto n = static_cast<double>(values.size());
  return total.sum / n + total.error / n;
}

double quantile_of_sorted(double q, std::span<const double> sorted) {
  if (sorted.empty() || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
  if (q < 0) return -std::numeric_limits<double>::infinity();
  if (q > 1) return std::numeric_limits<double>::infinity();
  const double rank = q * static_cast<double>(sorted.size() - 1);
  const auto lower = static_cast<std::size_t>(std::floor(rank));
  const std::size_t upper = std::min(sorted.size() - 1, lower + 1);
  const double weight = rank - std::floor(rank);
  return sorted[lower] * (1 - weight) + sorted[upper] * weight;
}

double quantile_of(double q, std::span<double> values) {
  if (values.size() > 1 && q >= 0 && q <= 1) {
    const double rank = q * static_cast<double>(values.size() - 1);
    const auto lower = values.begin() + static_cast<std::ptrdiff_t>(std::floor(rank));
    std::nth_element(values.begin(), lower, values.end(), nan_first_less);
    if (lower + 1 != values.end()) {
      std::iter_swap(lower + 1, std::min_element(lower + 1, values.end(), nan_first_less));
    }
  }
  return quantile_of_sorted(q, values);
}

double median_distance(std::span<const double> sorted, std::vector<double>& scratch) {
  // NaNs come first; one makes the median undefined.
  if (std::isnan(sorted.front())) return std::numeric_limits<double>::quiet_NaN();
  const double median = quantile_of_sorted(0.5, sorted);
  scratch.clear();
  for (const double value : sorted) scratch.push_back(std::abs(value - median));
  return quantile_of(0.5, scratch);
}

std::span<const WindowFunction> over_time_functions() {
  static const WindowFunction kFunctions[] = {
      {"avg_over_time", avg_over_time, mixed_avg_over_time},
      {"count_over_time", count_over_time, mixed_count_over_time},
      {"first_over_time", first_over_time, mixed_first_over_time, true},
      {"last_over_time", last_over_time, mixed_last_over_time, true},
      {"mad_over_time", mad_over_time, mixed_floats_only},
      {"max_over_time", extreme_over_time<Larger>, mixed_floats_only},
      {"min_over_time", extreme_over_time<Smaller>, mixed_floats_only},
      {"present_over_time", present_over_time, mixed_present_over_time},
      {"quantile_over_time", quantile_over_time, mixed_floats_only},
      {"stddev_over_time", stddev_over_time, mixed_floats_only},
      {"stdvar_over_time", stdvar_over_time, mixed_floats_only},
      {"sum_over_time", sum_over_time, mixed_sum_over_time},
      {"ts_of_first_over_time", ts_of_first_over_time, mixed_ts_of_first_over_time},
      {"ts_of_last_over_time", ts_of_last_over_time, mixed_ts_of_last_over_time},
      {"ts_of_max_over_time", time_of_extreme<Larger>, mixed_floats_only},
      {"ts_of_min_over_time", time_of_extreme<Smaller>, mixed_floats_only},
  };
  return kFunctions;
}

}  // namespace tocsin::promql
