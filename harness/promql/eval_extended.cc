#include "harness/promql/eval_extended.h"

#include <algorithm>

#include "harness/promql/eval_extended_histogram.h"
#include "harness/promql/eval_window_mixed.h"
#include "harness/promql/functions.h"

namespace tocsin::promql {
namespace {

double interpolated(const MixedWindow& w, std::size_t before, std::int64_t at, bool counter) {
  const double next = w.floats[before + 1];
  // After a reset the counter began at zero.
  const double previous = counter && next < w.floats[before] ? 0 : w.floats[before];
  const auto share = static_cast<double>(at - w.float_times[before]) /
                     static_cast<double>(w.float_times[before + 1] - w.float_times[before]);
  return previous + (next - previous) * share;
}

double left_value(const MixedWindow& w, Stretch s, std::int64_t start, bool smoothed,
                  bool counter) {
  if (smoothed && w.float_times[s.first] < start) return interpolated(w, s.first, start, counter);
  return w.floats[s.first];
}

double right_value(const MixedWindow& w, Stretch s, std::int64_t end, bool smoothed, bool counter) {
  if (smoothed && s.last > 0 && w.float_times[s.last] > end) {
    return interpolated(w, s.last - 1, end, counter);
  }
  return w.floats[s.last];
}

/// What of a stretch lies strictly inside the range: [first, end).
std::pair<std::size_t, std::size_t> inside(std::span<const std::int64_t> times, Stretch s,
                                           std::int64_t start, std::int64_t end) {
  const std::size_t first = times[s.first] <= start ? s.first + 1 : s.first;
  const std::size_t past = times[s.last] >= end ? s.last : s.last + 1;
  return {first, std::max(first, past)};
}

void extended_float_rate(const MixedWindow& w, const RateRequest& request, Row& out) {
  const auto stretch = stretch_of(w.float_times, request.start, request.end, request.smoothed);
  if (!stretch) return;
  const double left = left_value(w, *stretch, request.start, request.smoothed, request.counter);
  const double right = right_value(w, *stretch, request.end, request.smoothed, request.counter);
  double result = right - left;
  if (request.counter) {
    const auto [first, past] = inside(w.float_times, *stretch, request.start, request.end);
    double previous = left;
    for (std::size_t i = first; i < past; ++i) {
      if (w.floats[i] < previous) result += previous;
      previous = w.floats[i];
    }
    if (right < previous) result += previous;
  }
  out.set(w.step, request.per_second ? result / request.width_s : result);
}

/// changes() and resets() count from the last sample at or before the range's start.
void anchored_count(const WindowInput& in, MixedWindow w, std::int64_t start,
                    void (*count)(const WindowInput&, const MixedWindow&, Row&), Row& out) {
  const auto at_or_before = [start](std::span<const std::int64_t> times) {
    return static_cast<std::size_t>(std::upper_bound(times.begin(), times.end(), start) -
                                    times.begin());
  };
  std::size_t f = at_or_before(w.float_times);
  std::size_t h = at_or_before(w.histogram_times);
  if (f == w.floats.size() && h == w.histograms.size()) return;
  const bool float_anchor = f > 0 && (h == 0 || w.float_times[f - 1] >= w.histogram_times[h - 1]);
  if (float_anchor) {
    --f;
  } else if (h > 0) {
    --h;
  }
  w.float_times = w.float_times.subspan(f);
  w.floats = w.floats.subspan(f);
  if (!w.float_starts.empty()) w.float_starts = w.float_starts.subspan(f);
  w.histogram_times = w.histogram_times.subspan(h);
  w.histograms = w.histograms.subspan(h);
  if (!w.histogram_starts.empty()) w.histogram_starts = w.histogram_starts.subspan(h);
  count(in, w, out);
}

}  // namespace

std::optional<Stretch> stretch_of(std::span<const std::int64_t> times, std::int64_t start,
                                  std::int64_t end, bool smoothed) {
  if (times.empty()) return std::nullopt;
  Stretch s;
  s.last = times.size() - 1;
  const auto until = times.begin() + static_cast<std::ptrdiff_t>(s.last);
  const auto after = std::upper_bound(times.begin(), until, start) - times.begin();
  s.first = after > 0 ? static_cast<std::size_t>(after - 1) : 0;
  if (smoothed) {
    s.last = static_cast<std::size_t>(std::lower_bound(times.begin(), until, end) - times.begin());
  }
  if (times[s.last] <= start) return std::nullopt;
  if (smoothed && times[s.first] > end) return std::nullopt;
  return s;
}

ExtendedReach extended_reach(const VectorSelector& node, const QueryOptions& options) {
  const std::int64_t lookback = options.lookback.count();
  return {node.anchored || node.smoothed ? lookback : 0, node.smoothed ? lookback : 0};
}

const VectorSelector* extended_selector(const Node& range_argument) {
  if (range_argument.kind != NodeKind::kMatrixSelector) return nullptr;
  const auto* selector = static_cast<const MatrixSelector&>(range_argument).vector.get();
  return selector->anchored || selector->smoothed ? selector : nullptr;
}

void check_extended(Evaluation& evaluation, const VectorSelector& node, const Call& call) {
  const std::string_view name = call.function->name;
  const bool is_rate = name == "rate" || name == "increase" || name == "delta";
  if (is_rate || (node.anchored && (name == "changes" || name == "resets"))) return;
  evaluation.fail(
      node.anchored
          ? "anchored modifier can only be used with: changes, delta, increase, rate, resets - not "
            "with " +
                std::string(name)
          : "smoothed modifier can only be used with: delta, increase, rate - not with " +
                std::string(name),
      call.range);
}

void evaluate_extended(const VectorSelector& node, const WindowInput& in, const SeriesView& view,
                       Row& out) {
  const QueryOptions& options = in.evaluation->options;
  const std::string_view name = in.call->function->name;
  const SplitSeries series(view, options.use_start_timestamps && uses_start_timestamps(name));
  const ExtendedReach reach = extended_reach(node, options);
  RateRequest request;
  request.counter = name != "delta";
  request.per_second = name == "rate";
  request.smoothed = node.smoothed;
  request.width_s = static_cast<double>(in.width_ms) / 1000;
  for (std::size_t step = 0; step < in.ends.steps; ++step) {
    request.end = in.ends.at(step);
    request.start = request.end - in.width_ms;
    MixedWindow w = series.window(request.start - reach.before_ms, request.end + reach.after_ms);
    w.step = step;
    if (name == "changes") {
      anchored_count(in, w, request.start, mixed_changes, out);
    } else if (name == "resets") {
      anchored_count(in, w, request.start, mixed_resets, out);
    } else if (w.mixed()) {
      in.evaluation->note(mixed_floats_histograms(in.labels->metric_name(), in.range_argument));
    } else if (!w.histograms.empty()) {
      extended_histogram_rate(in, w, request, out);
    } else if (!w.floats.empty()) {
      extended_float_rate(w, request, out);
    }
  }
}

ExtendedFloats extended_floats(const MixedWindow& w, std::int64_t start, std::int64_t end,
                               bool smoothed) {
  ExtendedFloats result;
  // Unlike rate(), a plain range does not ask whether the first sample lies past its end.
  const auto stretch = stretch_of(w.float_times, start, end, smoothed);
  if (!stretch) return result;
  const auto [first, past] = inside(w.float_times, *stretch, start, end);
  result.times.push_back(start);
  result.values.push_back(left_value(w, *stretch, start, smoothed, false));
  for (std::size_t i = first; i < past; ++i) {
    result.times.push_back(w.float_times[i]);
    result.values.push_back(w.floats[i]);
  }
  result.times.push_back(end);
  result.values.push_back(right_value(w, *stretch, end, smoothed, false));
  return result;
}

}  // namespace tocsin::promql
