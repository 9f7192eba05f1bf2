#include "harness/promql/eval_extended_histogram.h"

#include <algorithm>

#include "harness/promql/eval_extended.h"
#include "harness/promql/eval_window_mixed.h"
#include "harness/promql/histogram_math.h"

namespace tocsin::promql {
namespace {

bool is_gauge(const NativeHistogram& h) {
  return h.hint == CounterResetHint::kGauge;
}

/// Adds or subtracts with notes; false when the two cannot be combined.
bool combined(const WindowInput& in, NativeHistogram& to, const NativeHistogram& other,
              bool addition) {
  const Combined outcome = addition ? add(to, other) : subtract(to, other);
  if (!outcome.compatible) {
    in.evaluation->note(mixed_exponential_custom(in.labels->metric_name(), in.range_argument));
    return false;
  }
  if (outcome.bounds_reconciled) {
    in.evaluation->note(
        mismatched_custom_buckets(addition ? "addition" : "subtraction", in.range_argument));
  }
  return true;
}

bool valid_stretch(const WindowInput& in, std::span<const NativeHistogramPtr> points,
                   bool counter) {
  const std::string_view name = in.labels->metric_name();
  for (const NativeHistogramPtr& point : points) {
    if (has_custom_buckets(*point) != has_custom_buckets(*points.front())) {
      in.evaluation->note(mixed_exponential_custom(name, in.range_argument));
      return false;
    }
    if (counter && is_gauge(*point)) {
      in.evaluation->note(histogram_not_counter(name, in.range_argument));
    }
  }
  return true;
}

std::shared_ptr<NativeHistogram> at_bound(const WindowInput& in, const MixedWindow& w,
                                          std::size_t before, std::int64_t at, bool counter) {
  const auto share = static_cast<double>(at - w.histogram_times[before]) /
                     static_cast<double>(w.histogram_times[before + 1] - w.histogram_times[before]);
  return interpolated(*in.evaluation, *w.histograms[before], *w.histograms[before + 1], share,
                      counter, in.labels->metric_name(), in.range_argument);
}

/// Adds what was counted before each reset between the bounds of a range.
bool correct_for_resets(const WindowInput& in, const MixedWindow& w, const RateRequest& request,
                        Stretch s, const NativeHistogram& left, const NativeHistogram& right,
                        NativeHistogram& result) {
  std::size_t next = s.first + 1;  // the first one is in `left`
  const NativeHistogram* previous = &left;
  if (request.smoothed && w.histogram_times[s.first] < request.start &&
      was_reset(*w.histograms[s.first + 1], *w.histograms[s.first])) {
    // Interpolation has taken this reset into account.
    previous = w.histograms[s.first + 1].get();
    ++next;
  }
  if (next > s.last) return true;
  std::shared_ptr<NativeHistogram> correction;
  const auto correct = [&](const NativeHistogram& lost) {
    if (correction) return combined(in, *correction, lost, true);
    correction = std::make_shared<NativeHistogram>(lost);
    return true;
  };
  for (; next < s.last; ++next) {
    if (was_reset(*w.histograms[next], *previous) && !correct(*previous)) return false;
    previous = w.histograms[next].get();
  }
  if (was_reset(right, *previous) && !correct(*previous)) return false;
  return !correction || combined(in, result, *correction, true);
}

/// The value of a smoothed selector at one time: between the samples around it, or the last one's.
void smooth_sample(Evaluation& evaluation, const VectorSelector& node, std::string_view metric,
                   const MixedWindow& w, std::int64_t at, Row& row) {
  if (w.mixed()) {
    evaluation.note(mixed_floats_histograms(metric, node.range));
    return;
  }
  const std::span<const std::int64_t> times =
      w.histograms.empty() ? w.float_times : w.histogram_times;
  const auto i =
      static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), at) - times.begin());
  const bool exact = i < times.size() && times[i] == at;
  if (!exact && i == 0) return;
  const bool between = !exact && i < times.size();
  const double share = between ? static_cast<double>(at - times[i - 1]) /
                                     static_cast<double>(times[i] - times[i - 1])
                               : 0;
  if (w.histograms.empty()) {
    const double value = exact ? w.floats[i] : w.floats[i - 1];
    row.set(w.step, between ? value + (w.floats[i] - value) * share : value);
    return;
  }
  if (exact) return row.set(w.step, w.histograms[i]);
  const NativeHistogram& before = *w.histograms[i - 1];
  if (!between) {
    auto carried = std::make_shared<NativeHistogram>(before);
    carried->hint = CounterResetHint::kUnknown;
    return row.set(w.step, std::move(carried));
  }
  const NativeHistogram& after = *w.histograms[i];
  if (has_custom_buckets(before) != has_custom_buckets(after)) {
    evaluation.note(mixed_exponential_custom(metric, node.range));
    return;
  }
  auto result = interpolated(evaluation, before, after, share,
                             !is_gauge(before) || !is_gauge(after), metric, node.range);
  if (result) row.set(w.step, std::move(result));
}

}  // namespace

std::shared_ptr<NativeHistogram> interpolated(Evaluation& evaluation, const NativeHistogram& before,
                                              const NativeHistogram& after, double share,
                                              bool counter, std::string_view metric,
                                              TextRange range) {
  if (share == 0) return std::make_shared<NativeHistogram>(before);
  if (share == 1) return std::make_shared<NativeHistogram>(after);
  auto result = std::make_shared<NativeHistogram>(after);
  if (counter && was_reset(after, before)) {
    multiply(*result, share);
    return result;
  }
  const Combined difference = subtract(*result, before);
  if (!difference.compatible) {
    evaluation.note(mixed_exponential_custom(metric, range));
    return nullptr;
  }
  if (difference.bounds_reconciled) {
    evaluation.note(mismatched_custom_buckets("subtraction", range));
  }
  multiply(*result, share);
  if (add(*result, before).bounds_reconciled) {
    evaluation.note(mismatched_custom_buckets("addition", range));
  }
  return result;
}

void extended_histogram_rate(const WindowInput& in, const MixedWindow& w,
                             const RateRequest& request, Row& out) {
  const auto stretch = stretch_of(w.histogram_times, request.start, request.end, request.smoothed);
  if (!stretch) return;
  const Stretch s = *stretch;
  if (!valid_stretch(in, w.histograms.subspan(s.first, s.last - s.first + 1), request.counter)) {
    return;
  }
  const bool cut_left = request.smoothed && w.histogram_times[s.first] < request.start;
  const bool cut_right = request.smoothed && s.last > 0 && w.histogram_times[s.last] > request.end;
  const auto left = cut_left ? at_bound(in, w, s.first, request.start, request.counter)
                             : std::make_shared<NativeHistogram>(*w.histograms[s.first]);
  const auto right = cut_right ? at_bound(in, w, s.last - 1, request.end, request.counter)
                               : std::make_shared<NativeHistogram>(*w.histograms[s.last]);
  if (!left || !right) return;
  if (!request.counter && (!is_gauge(*left) || !is_gauge(*right))) {
    in.evaluation->note(histogram_not_gauge(in.labels->metric_name(), in.range_argument));
  }
  auto result = std::make_shared<NativeHistogram>(*right);
  if (!combined(in, *result, *left, false)) return;
  if (request.counter && !correct_for_resets(in, w, request, s, *left, *right, *result)) return;
  if (request.per_second) divide(*result, request.width_s);
  result->hint = CounterResetHint::kGauge;
  compact(*result);
  out.set(w.step, std::move(result));
}

void evaluate_smoothed_selector(Evaluation& evaluation, const VectorSelector& node,
                                const Timeline& timeline, RowSink sink) {
  const LookTimes times = evaluation.look_times(node.shift, timeline);
  const ExtendedReach reach = extended_reach(node, evaluation.options);
  Row row;
  for (const SeriesView& view : evaluation.select(
           node.matchers, times.first_ms - reach.before_ms + 1, times.last_ms() + reach.after_ms)) {
    row.clear(times.steps);
    const SplitSeries series(view, false);
    for (std::size_t step = 0; step < times.steps; ++step) {
      const std::int64_t at = times.at(step);
      MixedWindow w = series.window(at - reach.before_ms, at + reach.after_ms);
      w.step = step;
      smooth_sample(evaluation, node, view.labels.metric_name(), w, at, row);
    }
    if (row.present.none()) continue;
    row.labels = view.labels;
    sink(row);
  }
}

}  // namespace tocsin::promql
