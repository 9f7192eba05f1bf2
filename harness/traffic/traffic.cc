#include "harness/traffic/traffic.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tocsin::traffic {
namespace {

/// Every shape but the sine is a row of these. Lengths in seconds.
struct Piece {
  double length = 0;
  double from_hz = 0;
  double to_hz = 0;

  double rate(double t) const {
    return length > 0 ? from_hz + (to_hz - from_hz) * t / length : from_hz;
  }
  double area(double t) const { return t * (from_hz + rate(t)) / 2; }
  /// Where area() reaches n, for n within it: the quadratic's root in the form that cancels
  /// nothing.
  double reach(double n) const {
    const double slope = length > 0 ? (to_hz - from_hz) / length : 0;
    const double end_hz = std::sqrt(std::max(0.0, from_hz * from_hz + 2 * slope * n));
    const double sum_hz = from_hz + end_hz;
    return sum_hz > 0 ? std::min(length, 2 * n / sum_hz) : length;
  }
};

/// Calls visit(piece) in time order until it returns false.
template <class Visit>
void each_piece(const ConstantRate& shape, double length, Visit visit) {
  visit(Piece{length, shape.rate_hz, shape.rate_hz});
}

template <class Visit>
void each_piece(const RampRate& shape, double length, Visit visit) {
  visit(Piece{length, shape.from_hz, shape.to_hz});
}

template <class Visit>
void each_piece(const StepRates& shape, double length, Visit visit) {
  for (const StepRates::Step& step : shape.steps) {
    const double held = std::min(length, to_seconds(step.length));
    length -= held;
    if (!visit(Piece{held, step.rate_hz, step.rate_hz})) return;
  }
}

template <class Visit>
void each_piece(const SpikeRate& shape, double length, Visit visit) {
  const double rise = std::clamp(to_seconds(shape.at), 0.0, length);
  const double fall = std::clamp(to_seconds(shape.at + shape.length), rise, length);
  if (!visit(Piece{rise, shape.base_hz, shape.base_hz})) return;
  if (!visit(Piece{fall - rise, shape.peak_hz, shape.peak_hz})) return;
  visit(Piece{length - fall, shape.base_hz, shape.base_hz});
}

template <class Shape>
double shape_rate(const Shape& shape, double length, double t) {
  double rate = 0;
  each_piece(shape, length, [&](const Piece& piece) {
    if (t >= piece.length) {
      t -= piece.length;
      return true;
    }
    rate = piece.rate(t);
    return false;
  });
  return rate;
}

template <class Shape>
double shape_area(const Shape& shape, double length, double t) {
  double area = 0;
  each_piece(shape, length, [&](const Piece& piece) {
    const double within = std::min(t, piece.length);
    area += piece.area(within);
    t -= within;
    return t > 0;
  });
  return area;
}

template <class Shape>
double shape_reach(const Shape& shape, double length, double n) {
  double time = 0;
  bool reached = false;
  each_piece(shape, length, [&](const Piece& piece) {
    const double area = piece.area(piece.length);
    reached = n <= area;
    time += reached ? piece.reach(n) : piece.length;
    n -= area;
    return !reached;
  });
  return reached ? time : length;
}

struct Wave {
  double middle_hz, swing_hz, radians_per_s, peak_at;

  explicit Wave(const SineRate& shape)
      : middle_hz((shape.high_hz + shape.low_hz) / 2),
        swing_hz((shape.high_hz - shape.low_hz) / 2),
        radians_per_s(shape.period.count() > 0 ? 2 * std::numbers::pi / to_seconds(shape.period)
                                               : 0),
        peak_at(to_seconds(shape.peak_at)) {}

  double rate(double t) const {
    return middle_hz + swing_hz * std::cos(radians_per_s * (t - peak_at));
  }
  double area(double t) const {
    if (radians_per_s == 0) return t * rate(0);
    const double turned =
        std::sin(radians_per_s * (t - peak_at)) + std::sin(radians_per_s * peak_at);
    return middle_hz * t + swing_hz * turned / radians_per_s;
  }
};

double shape_rate(const SineRate& shape, double, double t) {
  return Wave(shape).rate(t);
}

double shape_area(const SineRate& shape, double, double t) {
  return Wave(shape).area(t);
}

/// The area never falls, so Newton's step is taken while it stays in the bracket, else the middle.
double shape_reach(const SineRate& shape, double length, double n) {
  const Wave wave(shape);
  if (wave.area(length) < n) return length;
  double low = 0;
  double high = length;
  double t = wave.middle_hz > 0 ? std::clamp(n / wave.middle_hz, low, high) : length / 2;
  for (int i = 0; i < 100 && high - low > 1e-10; ++i) {
    const double excess = wave.area(t) - n;
    (excess < 0 ? low : high) = t;
    const double rate = wave.rate(t);
    const double newton = t - excess / rate;
    if (rate > 0 && std::abs(newton - t) < 1e-11) return std::clamp(newton, low, high);
    t = rate > 0 && newton > low && newton < high ? newton : (low + high) / 2;
  }
  return t;
}

double area_until(const Phase& phase, double t) {
  const double length = to_seconds(phase.length);
  return std::visit([&](const auto& shape) { return shape_area(shape, length, t); }, phase.shape);
}

/// What the shape's rates are multiplied by so that the phase gives its `count`; 0 when the shape
/// asks for nothing at all (then the count is spread evenly).
double count_factor(const Phase& phase) {
  if (!phase.count) return 1;
  const double area = area_until(phase, to_seconds(phase.length));
  return area > 0 ? static_cast<double>(*phase.count) / area : 0;
}

double even_rate(const Phase& phase) {
  return static_cast<double>(*phase.count) / to_seconds(phase.length);
}

Nanos from_seconds(double seconds) {
  return Nanos(std::llround(seconds * 1e9));
}

}  // namespace

Duration Traffic::length() const {
  Duration total{0};
  for (const Phase& phase : phases) total += phase.length;
  return total;
}

const Phase* Traffic::phase_at(Duration offset) const {
  if (offset < Duration(0)) return nullptr;
  for (const Phase& phase : phases) {
    if (offset < phase.length) return &phase;
    offset -= phase.length;
  }
  return nullptr;
}

double rate_at(const Phase& phase, Nanos at) {
  if (phase.users || at < Nanos(0) || at >= phase.length) return 0;
  const double factor = count_factor(phase);
  if (factor == 0) return even_rate(phase);
  const double length = to_seconds(phase.length);
  return factor *
         std::visit([&](const auto& shape) { return shape_rate(shape, length, to_seconds(at)); },
                    phase.shape);
}

double expected_until(const Phase& phase, Nanos at) {
  if (phase.users || at <= Nanos(0)) return 0;
  if (at >= phase.length && phase.count) return static_cast<double>(*phase.count);
  const double t = std::min(to_seconds(at), to_seconds(phase.length));
  const double factor = count_factor(phase);
  return factor == 0 ? even_rate(phase) * t : factor * area_until(phase, t);
}

Nanos time_of(const Phase& phase, double n) {
  if (n <= 0) return Nanos(0);
  if (phase.users) return phase.length;
  const double length = to_seconds(phase.length);
  const double factor = count_factor(phase);
  const double seconds =
      factor == 0
          ? n / even_rate(phase)
          : std::visit([&](const auto& shape) { return shape_reach(shape, length, n / factor); },
                       phase.shape);
  return seconds < length ? from_seconds(seconds) : Nanos(phase.length);
}

}  // namespace tocsin::traffic
