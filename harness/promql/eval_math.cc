// Functions of one value at a time.

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "harness/promql/arithmetic.h"
#include "harness/promql/evaluation.h"
#include "harness/promql/functions.h"
#include "harness/promql/numbers.h"

namespace tocsin::promql {
namespace {

/// Applies f(value, step) to the float samples of a call's first argument; the metric name goes.
template <class F>
void map_floats(Evaluation& evaluation, const Call& call, const Timeline& timeline, RowSink sink,
                F f) {
  NameDropper names(evaluation, *call.arguments.front(), call.range);
  evaluation.rows(*call.arguments.front(), timeline, [&](Row& row) {
    row.keep_floats();
    if (row.present.none()) return;
    row.present.for_each([&](std::size_t i) { row.values[i] = f(row.values[i], i); });
    names.drop(row);
    sink(row);
  });
}

template <double (*f)(double)>
void plain(Evaluation& evaluation, const Call& call, const Timeline& timeline, RowSink sink) {
  map_floats(evaluation, call, timeline, sink, [](double value, std::size_t) { return f(value); });
}

double sign(double value) {
  if (value < 0) return -1;
  return value > 0 ? 1 : value;
}
double radians(double value) {
  return value * std::numbers::pi / 180;
}
double degrees(double value) {
  return value * 180 / std::numbers::pi;
}

/// As Go computes them, which reach infinity a little earlier than C's.
constexpr double kLarge = 21;
double hyperbolic_sine(double value) {
  const double size = std::abs(value);
  return size > kLarge ? std::copysign(std::exp(size) * 0.5, value) : std::sinh(value);
}
double hyperbolic_cosine(double value) {
  const double size = std::abs(value);
  return size > kLarge ? std::exp(size) * 0.5 : std::cosh(value);
}

void clamp_between(Evaluation& evaluation, const Call& call, const Timeline& timeline, RowSink sink,
                   const ScalarColumn& low, const ScalarColumn& high) {
  NameDropper names(evaluation, *call.arguments.front(), call.range);
  evaluation.rows(*call.arguments.front(), timeline, [&](Row& row) {
    row.keep_floats();
    for (std::size_t i = 0; i < row.steps(); ++i) {
      if (!row.present[i]) continue;
      if (high[i] < low[i]) {
        row.present.reset(i);
      } else {
        row.values[i] = go_max(low[i], go_min(high[i], row.values[i]));
      }
    }
    if (row.present.none()) return;
    names.drop(row);
    sink(row);
  });
}

void clamp(Evaluation& evaluation, const Call& call, const Timeline& timeline, RowSink sink) {
  clamp_between(evaluation, call, timeline, sink, evaluation.scalar(*call.arguments[1], timeline),
                evaluation.scalar(*call.arguments[2], timeline));
}

void clamp_max(Evaluation& evaluation, const Call& call, const Timeline& timeline, RowSink sink) {
  clamp_between(evaluation, call, timeline, sink, {{-kInfinity}},
                evaluation.scalar(*call.arguments[1], timeline));
}

void clamp_min(Evaluation& evaluation, const Call& call, const Timeline& timeline, RowSink sink) {
  clamp_between(evaluation, call, timeline, sink, evaluation.scalar(*call.arguments[1], timeline),
                {{kInfinity}});
}

void round_to(Evaluation& evaluation, const Call& call, const Timeline& timeline, RowSink sink) {
  const ScalarColumn nearest = call.arguments.size() > 1
                                   ? evaluation.scalar(*call.arguments[1], timeline)
                                   : ScalarColumn{{1.0}};
  map_floats(evaluation, call, timeline, sink, [&](double value, std::size_t i) {
    // The inverse seems to cost less accuracy, and Prometheus takes it.
    const double inverse = 1 / nearest[i];
    return std::floor(value * inverse + 0.5) / inverse;
  });
}

}  // namespace

std::span<const FunctionEvaluator> math_functions() {
  static const FunctionEvaluator kFunctions[] = {
      {"abs", plain<std::abs>},
      {"acos", plain<std::acos>},
      {"acosh", plain<std::acosh>},
      {"asin", plain<std::asin>},
      {"asinh", plain<std::asinh>},
      {"atan", plain<std::atan>},
      {"atanh", plain<std::atanh>},
      {"ceil", plain<std::ceil>},
      {"clamp", clamp},
      {"clamp_max", clamp_max},
      {"clamp_min", clamp_min},
      {"cos", plain<std::cos>},
      {"cosh", plain<hyperbolic_cosine>},
      {"deg", plain<degrees>},
      {"exp", plain<std::exp>},
      {"floor", plain<std::floor>},
      {"ln", plain<std::log>},
      {"log10", plain<std::log10>},
      {"log2", plain<std::log2>},
      {"rad", plain<radians>},
      {"round", round_to},
      {"sgn", plain<sign>},
      {"sin", plain<std::sin>},
      {"sinh", plain<hyperbolic_sine>},
      {"sqrt", plain<std::sqrt>},
      {"tan", plain<std::tan>},
      {"tanh", plain<std::tanh>},
  };
  return kFunctions;
}

}  // namespace tocsin::promql
