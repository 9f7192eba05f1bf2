// deriv, predict_linear, double_exponential_smoothing.

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <fmt/format.h>

#include "harness/promql/compensated_sum.h"
#include "harness/promql/eval_window_mixed.h"
#include "harness/promql/sliding_fold.h"
#include "harness/promql/window.h"

namespace tocsin::promql {
namespace {

/// Means and centred products of times (in seconds since a fixed origin) and values.
struct LineFold {
  struct State {
    double count = 0;
    double mean_x = 0;
    double mean_y = 0;
    double xx = 0;
    double xy = 0;
    double first_y = 0;
    double largest = 0;  ///< absolute value
    bool flat = true;    ///< all values equal the first
  };
  std::span<const std::int64_t> times;
  std::span<const double> values;

  State one(std::size_t i) const {
    const double seconds = static_cast<double>(times[i] - times.front()) / 1000;
    // Zero, unless the value is infinite or NaN: then there is no line.
    const double xy = 0 * values[i];
    return {1, seconds, values[i], 0, xy, values[i], std::abs(values[i]), true};
  }
  static State join(const State& left, const State& right) {
    const double count = left.count + right.count;
    const double share = right.count / count;
    const double dx = right.mean_x - left.mean_x;
    const double dy = right.mean_y - left.mean_y;
    const double weight = left.count * share;
    return {count,
            left.mean_x + dx * share,
            left.mean_y + dy * share,
            left.xx + right.xx + dx * dx * weight,
            left.xy + right.xy + dx * dy * weight,
            left.first_y,
            std::max(left.largest, right.largest),
            left.flat && right.flat && left.first_y == right.first_y};
  }
};

/// Least squares.
struct Line {
  double slope = 0;
  double mean_x = 0;
  double mean_y = 0;

  explicit Line(const LineFold::State& s) : mean_x(s.mean_x), mean_y(s.mean_y) {
    if (!s.flat) {
      slope = s.xy / s.xx;
    } else if (std::isinf(s.first_y)) {
      slope = mean_y = std::numeric_limits<double>::quiet_NaN();
    } else {
      mean_y = s.first_y;
    }
  }
};

/// Slope and value at `origin_ms`, added up as Prometheus does. Where terms cancel, all digits of
/// the result are rounding errors, and these are Prometheus' own.
struct LineInOrder {
  double slope = 0;
  double intercept = 0;

  struct Samples {
    std::span<const std::int64_t> times;
    std::span<const double> values;
  };

  LineInOrder(const Samples& samples, std::int64_t origin_ms) {
    const auto& [times, values] = samples;
    if (std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) == values.end()) {
      const double level = values.front();
      intercept = std::isinf(level) ? std::numeric_limits<double>::quiet_NaN() : level;
      slope = std::isinf(level) ? intercept : 0;
      return;
    }
    CompensatedSum x_sum;
    CompensatedSum y_sum;
    CompensatedSum xy_sum;
    CompensatedSum xx_sum;
    for (std::size_t i = 0; i < times.size(); ++i) {
      const double x = static_cast<double>(times[i] - origin_ms) / 1000;
      x_sum.add(x);
      y_sum.add(values[i]);
      xy_sum.add(x * values[i]);
      xx_sum.add(x * x);
    }
    const auto n = static_cast<double>(times.size());
    const double x = x_sum.sum + x_sum.error;
    const double y = y_sum.sum + y_sum.error;
    const double covariance = xy_sum.sum + xy_sum.error - x * y / n;
    slope = covariance / (xx_sum.sum + xx_sum.error - x * x / n);
    intercept = y / n - slope * x / n;
  }
};

/// Whether what is left of numbers as large as `terms` is little more than their rounding errors.
bool cancels(double result, double terms) {
  constexpr double kTrusted = 1e-9;
  return std::abs(result) < kTrusted * std::abs(terms);
}

void deriv(const WindowInput& in, Row& out) {
  SlidingFold<LineFold> fold(LineFold{in.times, in.values});
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    if (hi - lo < 2) return;
    const LineInOrder::Samples samples{in.times.subspan(lo, hi - lo),
                                       in.values.subspan(lo, hi - lo)};
    if (hi - lo <= kFewSamples) {
      out.set(step, LineInOrder(samples, in.times[lo]).slope);
      return;
    }
    const LineFold::State state = fold.slide(lo, hi);
    const double slope = Line(state).slope;
    const double seconds = static_cast<double>(in.times[hi - 1] - in.times[lo]) / 1000;
    const bool exact = cancels(slope * seconds, state.largest);
    out.set(step, exact ? LineInOrder(samples, in.times[lo]).slope : slope);
  });
}

void predict_linear(const WindowInput& in, Row& out) {
  SlidingFold<LineFold> fold(LineFold{in.times, in.values});
  const ScalarColumn& ahead = in.scalars.front();
  const Timeline& timeline = *in.timeline;
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    if (hi - lo < 2) return;
    // From the evaluation time on, wherever the window is.
    const std::int64_t now = to_ms(timeline.at(step));
    const auto in_order = [&] {
      const LineInOrder line({in.times.subspan(lo, hi - lo), in.values.subspan(lo, hi - lo)}, now);
      return line.slope * ahead[step] + line.intercept;
    };
    if (hi - lo <= kFewSamples) return out.set(step, in_order());
    const LineFold::State state = fold.slide(lo, hi);
    const Line line(state);
    const double now_s = static_cast<double>(now - in.times.front()) / 1000;
    const double distance = now_s - line.mean_x + ahead[step];
    const double value = line.mean_y + line.slope * distance;
    const bool exact = cancels(value, state.largest + std::abs(line.slope * distance));
    out.set(step, exact ? in_order() : value);
  });
}

void double_exponential_smoothing(const WindowInput& in, Row& out) {
  const ScalarColumn& smoothing = in.scalars[0];
  const ScalarColumn& trend = in.scalars[1];
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    const double sf = smoothing[step];
    const double tf = trend[step];
    check_smoothing_factor(in, "smoothing", sf);
    check_smoothing_factor(in, "trend", tf);
    if (hi - lo < 2) return;
    out.set(step, smoothed_value(in.values.subspan(lo, hi - lo), sf, tf));
  });
}

}  // namespace

void check_smoothing_factor(const WindowInput& in, std::string_view which, double factor) {
  if (!(factor <= 0 || factor >= 1)) return;
  in.evaluation->fail(
      fmt::format("invalid {} factor. Expected: 0 < {}f < 1, got: {:f}", which, which[0], factor),
      in.call->range);
}

double smoothed_value(std::span<const double> values, double sf, double tf) {
  double previous = 0;
  double level = values[0];
  double slope = values[1] - values[0];
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (i > 1) slope = tf * (level - previous) + (1 - tf) * slope;
    previous = level;
    level = sf * values[i] + (1 - sf) * (level + slope);
  }
  return level;
}

std::span<const WindowFunction> regression_functions() {
  static const WindowFunction kFunctions[] = {
      {"deriv", deriv, mixed_floats_only},
      {"double_exponential_smoothing", double_exponential_smoothing, mixed_floats_only},
      {"holt_winters", double_exponential_smoothing, mixed_floats_only},
      {"predict_linear", predict_linear, mixed_floats_only},
  };
  return kFunctions;
}

}  // namespace tocsin::promql
