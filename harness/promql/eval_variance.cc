// stddev_over_time and stdvar_over_time on floats.

#include <cmath>
#include <limits>

#include "harness/promql/compensated_sum.h"
#include "harness/promql/sliding_fold.h"
#include "harness/promql/window.h"

namespace tocsin::promql {
namespace {

/// Count, mean and sum of squared distances from it; two of them join without loss (Chan et al.).
struct MomentsFold {
  struct State {
    double count = 0;
    double mean = 0;
    double squares = 0;
  };
  std::span<const double> values;

  State one(std::size_t i) const {
    const double value = values[i];
    return {1, value, std::isfinite(value) ? 0 : std::numeric_limits<double>::quiet_NaN()};
  }
  static State join(const State& left, const State& right) {
    const double count = left.count + right.count;
    const double delta = right.mean - left.mean;
    const double share = right.count / count;
    return {count, left.mean + delta * share,
            left.squares + right.squares + delta * delta * left.count * share};
  }
};

/// Added up as Prometheus does.
double in_order(std::span<const double> values) {
  double count = 0;
  CompensatedSum mean;
  CompensatedSum squares;
  for (const double value : values) {
    count += 1;
    const double delta = value - (mean.sum + mean.error);
    mean.add(delta / count);
    squares.add(delta * (value - (mean.sum + mean.error)));
  }
  return (squares.sum + squares.error) / count;
}

/// Whether the values differ by little more than rounding errors: then these are Prometheus' own.
bool is_noise(double variance, double mean) {
  constexpr double kTrusted = 1e-18;
  return variance != 0 && variance < kTrusted * mean * mean;
}

template <bool root>
void variance_over_time(const WindowInput& in, Row& out) {
  SlidingFold<MomentsFold> fold(MomentsFold{in.values});
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    const auto window = in.values.subspan(lo, hi - lo);
    if (window.size() <= kFewSamples) {
      const double exact = in_order(window);
      out.set(step, root ? std::sqrt(exact) : exact);
      return;
    }
    const MomentsFold::State moments = fold.slide(lo, hi);
    double variance = moments.squares / moments.count;
    if (is_noise(variance, moments.mean)) variance = in_order(window);
    out.set(step, root ? std::sqrt(variance) : variance);
  });
}

}  // namespace

void stddev_over_time(const WindowInput& in, Row& out) {
  variance_over_time<true>(in, out);
}

void stdvar_over_time(const WindowInput& in, Row& out) {
  variance_over_time<false>(in, out);
}

}  // namespace tocsin::promql
