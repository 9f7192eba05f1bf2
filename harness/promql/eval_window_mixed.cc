#include "harness/promql/eval_window_mixed.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/promql/histogram_math.h"
#include "harness/promql/latest_sample.h"

namespace tocsin::promql {
namespace {

/// One sample of either kind.
struct MixedSample {
  std::int64_t time = 0;
  double value = 0;
  const NativeHistogram* histogram = nullptr;
  std::int64_t start = 0;
};

MixedSample float_at(const MixedWindow& w, std::size_t i) {
  return {w.float_times[i], w.floats[i], nullptr, w.float_starts.empty() ? 0 : w.float_starts[i]};
}

MixedSample histogram_at(const MixedWindow& w, std::size_t i) {
  return {w.histogram_times[i], 0, w.histograms[i].get(),
          w.histogram_starts.empty() ? 0 : w.histogram_starts[i]};
}

std::vector<MixedSample> in_time_order(const MixedWindow& w) {
  std::vector<MixedSample> all;
  std::size_t f = 0;
  std::size_t h = 0;
  while (f < w.floats.size() || h < w.histograms.size()) {
    const bool float_next = h == w.histograms.size() ||
                            (f < w.floats.size() && w.float_times[f] < w.histogram_times[h]);
    all.push_back(float_next ? float_at(w, f++) : histogram_at(w, h++));
  }
  return all;
}

void note_mixed(const WindowInput& in) {
  in.evaluation->note(mixed_floats_histograms(in.labels->metric_name(), in.range_argument));
}

void copy_float_result(const MixedWindow& w, Row& out) {
  if (w.float_result->present[w.step]) out.set(w.step, w.float_result->values[w.step]);
}

void note_combined(const WindowInput& in, const Combined& outcome, const char* operation) {
  if (outcome.bounds_reconciled) {
    in.evaluation->note(mismatched_custom_buckets(operation, in.range_argument));
  }
}

enum class MixedRateKind { kRate, kIncrease, kDelta };

void histogram_rate(const WindowInput& in, const MixedWindow& w, Row& out, MixedRateKind kind) {
  if (w.mixed()) return note_mixed(in);
  const bool counter = kind != MixedRateKind::kDelta;
  RateWindow window;
  window.counter = counter;
  window.per_second = kind == MixedRateKind::kRate;
  window.zero_first = in.evaluation->options.version_2;
  window.width_s = static_cast<double>(in.width_ms) / 1000;
  window.samples = w.histograms.size();
  window.range_start = w.end - in.width_ms;
  window.range_end = w.end;
  window.first = w.histogram_times.front();
  window.last = w.histogram_times.back();
  window.start = counter && !w.histogram_starts.empty() ? w.histogram_starts.front() : 0;
  const NativeHistogram& first = *w.histograms.front();
  std::shared_ptr<NativeHistogram> result;
  if (w.histograms.size() > 1) {
    result = histogram_increase(in, w, counter);
    if (!result) return;
  }
  if (window.starts_inside()) {
    if (!result) {
      result = std::make_shared<NativeHistogram>(first);
    } else {
      const Combined outcome = add(*result, first);
      if (!outcome.compatible) {
        in.evaluation->note(mixed_exponential_custom(in.labels->metric_name(), in.range_argument));
        return;
      }
      note_combined(in, outcome, "addition");
    }
  }
  const std::optional<double> factor = window.factor(result ? result->count : 0, first.count);
  if (!factor) return;
  multiply(*result, *factor);
  out.set(w.step, std::move(result));
}

/// The last two samples of a window, in time order.
std::optional<std::pair<MixedSample, MixedSample>> last_two(const MixedWindow& w) {
  std::vector<MixedSample> all = in_time_order(w);
  if (all.size() < 2) return std::nullopt;
  return std::pair(all[all.size() - 2], all.back());
}

void histogram_instant(const WindowInput& in, const MixedWindow& w, Row& out, bool is_rate) {
  const auto samples = last_two(w);
  if (!samples) return;
  const auto& [previous, last] = *samples;
  const double seconds = static_cast<double>(last.time - previous.time) / 1000;
  if (seconds == 0) return;
  if ((last.histogram == nullptr) != (previous.histogram == nullptr)) {
    in.evaluation->note(mixed_floats_histograms(in.labels->metric_name(), in.range_argument));
    return;
  }
  const bool start_reset = is_start_reset(previous.start, previous.time, last.start, last.time);
  if (last.histogram == nullptr) {
    const bool reset = is_rate && (last.value < previous.value || start_reset);
    const double difference = reset ? last.value : last.value - previous.value;
    return out.set(w.step, is_rate ? difference / seconds : difference);
  }
  const bool gauges = last.histogram->hint == CounterResetHint::kGauge &&
                      previous.histogram->hint == CounterResetHint::kGauge;
  const bool any_gauge = last.histogram->hint == CounterResetHint::kGauge ||
                         previous.histogram->hint == CounterResetHint::kGauge;
  if (is_rate && any_gauge) {
    in.evaluation->note(histogram_not_counter(in.labels->metric_name(), in.range_argument));
  }
  if (!is_rate && !gauges) {
    in.evaluation->note(histogram_not_gauge(in.labels->metric_name(), in.range_argument));
  }
  auto result = std::make_shared<NativeHistogram>(*last.histogram);
  if (!is_rate || (!start_reset && !was_reset(*last.histogram, *previous.histogram))) {
    const Combined outcome = subtract(*result, *previous.histogram);
    if (!outcome.compatible) {
      in.evaluation->note(mixed_exponential_custom(in.labels->metric_name(), in.range_argument));
      return;
    }
    note_combined(in, outcome, "subtraction");
  }
  result->hint = CounterResetHint::kGauge;
  compact(*result);
  if (is_rate) divide(*result, seconds);
  out.set(w.step, std::move(result));
}

/// Notes what Prometheus has to say about hints and bounds of histograms that are summed up.
class SumNotes {
 public:
  explicit SumNotes(const WindowInput& in) : in_(in) {}

  void see(const NativeHistogram& h) {
    reset_ = reset_ || h.hint == CounterResetHint::kReset;
    not_reset_ = not_reset_ || h.hint == CounterResetHint::kNotReset;
  }
  void see(const Combined& outcome) { reconciled_ = reconciled_ || outcome.bounds_reconciled; }
  void tell() const {
    if (reset_ && not_reset_) {
      in_.evaluation->note(counter_reset_collision("aggregation", in_.range_argument));
    }
    if (reconciled_) {
      in_.evaluation->note(mismatched_custom_buckets("aggregation", in_.range_argument));
    }
  }

 private:
  const WindowInput& in_;
  bool reset_ = false;
  bool not_reset_ = false;
  bool reconciled_ = false;
};

void histogram_total(const WindowInput& in, const MixedWindow& w, Row& out, bool mean) {
  if (w.mixed()) return note_mixed(in);
  SumNotes notes(in);
  HistogramSum sum(*w.histograms.front());
  notes.see(*w.histograms.front());
  bool overflown = false;
  double count = 1;
  for (const NativeHistogramPtr& histogram : w.histograms.subspan(1)) {
    notes.see(*histogram);
    count += 1;
    Combined outcome;
    if (!overflown) {
      HistogramSum next = sum;
      outcome = next.add(*histogram);
      overflown = mean && outcome.compatible && next.overflows();
      if (!overflown) {
        sum = std::move(next);
      } else {
        sum.scale(1 / (count - 1));
      }
    }
    if (overflown) {
      sum.scale((count - 1) / count);
      NativeHistogram share = *histogram;
      divide(share, count);
      outcome = sum.add(share);
    }
    if (!outcome.compatible) {
      in.evaluation->note(mixed_exponential_custom(in.labels->metric_name(), in.range_argument));
      return;
    }
    notes.see(outcome);
  }
  notes.tell();
  auto result = std::make_shared<NativeHistogram>(sum.value());
  if (mean && !overflown) divide(*result, count);
  out.set(w.step, std::move(result));
}

}  // namespace

SplitSeries::SplitSeries(const SeriesView& view, bool with_starts) {
  const bool starts = with_starts && !view.start_timestamps.empty();
  for (std::size_t i = 0; i < view.timestamps.size(); ++i) {
    if (is_stale_sample(view, i)) continue;
    const bool histogram = !view.histograms.empty() && view.histograms[i];
    (histogram ? histogram_times_ : float_times_).push_back(view.timestamps[i]);
    if (starts) {
      (histogram ? histogram_starts_ : float_starts_).push_back(view.start_timestamps[i]);
    }
    if (histogram) {
      histograms_.push_back(view.histograms[i]);
    } else {
      floats_.push_back(view.values[i]);
    }
  }
}

MixedWindow SplitSeries::window(std::int64_t after, std::int64_t until) const {
  const auto stretch = [&](const std::vector<std::int64_t>& times) {
    const auto first = std::upper_bound(times.begin(), times.end(), after);
    const auto last = std::upper_bound(first, times.end(), until);
    return std::pair(static_cast<std::size_t>(first - times.begin()),
                     static_cast<std::size_t>(last - first));
  };
  MixedWindow w;
  const auto [f, floats] = stretch(float_times_);
  const auto [h, histograms] = stretch(histogram_times_);
  w.float_times = std::span(float_times_).subspan(f, floats);
  w.floats = std::span(floats_).subspan(f, floats);
  if (!float_starts_.empty()) w.float_starts = std::span(float_starts_).subspan(f, floats);
  w.histogram_times = std::span(histogram_times_).subspan(h, histograms);
  w.histograms = std::span(histograms_).subspan(h, histograms);
  if (!histogram_starts_.empty()) {
    w.histogram_starts = std::span(histogram_starts_).subspan(h, histograms);
  }
  w.end = until;
  return w;
}

void evaluate_mixed(const WindowFunction& function, const WindowInput& in, const SeriesView& view,
                    Row& out) {
  const SplitSeries series(
      view, in.evaluation->options.use_start_timestamps && uses_start_timestamps(function.name));
  Row float_result;
  float_result.clear(out.steps());
  WindowInput floats = in;
  floats.times = series.float_times();
  floats.values = series.floats();
  floats.starts = series.float_starts();
  floats.times_stay = false;
  if (!floats.times.empty()) function.floats(floats, float_result);
  for (std::size_t step = 0; step < in.ends.steps; ++step) {
    const std::int64_t end = in.ends.at(step);
    MixedWindow w = series.window(in.before(end), end);
    w.step = step;
    w.float_result = &float_result;
    if (w.histograms.empty()) {
      copy_float_result(w, out);
    } else {
      function.mixed(in, w, out);
    }
  }
}

const SeriesView& SubquerySeries::from(const Row& row, const Timeline& timeline) {
  times_.clear();
  values_.clear();
  histograms_.clear();
  row.present.for_each([&](std::size_t i) {
    times_.push_back(to_ms(timeline.at(i)));
    values_.push_back(row.values[i]);
    if (!row.has_histograms()) return;
    histograms_.push_back(row.histograms[i]);
    NativeHistogramPtr& histogram = histograms_.back();
    if (!histogram || (histogram->hint != CounterResetHint::kReset &&
                       histogram->hint != CounterResetHint::kNotReset)) {
      return;
    }
    // The hint was about the sample before in the series, not in the subquery.
    auto unknown = std::make_shared<NativeHistogram>(*histogram);
    unknown->hint = CounterResetHint::kUnknown;
    histogram = std::move(unknown);
  });
  view_.labels = row.labels;
  view_.timestamps = times_;
  view_.values = values_;
  view_.histograms = histograms_;
  return view_;
}

std::shared_ptr<NativeHistogram> histogram_increase(const WindowInput& in, const MixedWindow& w,
                                                    bool counter) {
  const std::string_view name = in.labels->metric_name();
  const TextRange range = in.range_argument;
  const std::span<const NativeHistogramPtr> points = w.histograms;
  const auto is_gauge = [](const NativeHistogram& h) { return h.hint == CounterResetHint::kGauge; };
  const auto start_reset = [&](std::size_t i) {
    return !w.histogram_starts.empty() &&
           is_start_reset(w.histogram_starts[i - 1], w.histogram_times[i - 1],
                          w.histogram_starts[i], w.histogram_times[i]);
  };
  const NativeHistogram& last = *points.back();
  if (counter && (is_gauge(*points.front()) || is_gauge(last))) {
    in.evaluation->note(histogram_not_counter(name, range));
  }
  // What was before a reset right after the first sample does not matter, nor does its layout.
  NativeHistogram first = *points.front();
  if (counter && (start_reset(1) || was_reset(*points[1], first))) {
    first = NativeHistogram();
    first.schema = points[1]->schema;
    first.custom_bounds = points[1]->custom_bounds;
  }
  const bool custom = has_custom_buckets(first);
  const auto incompatible = [&]() -> std::shared_ptr<NativeHistogram> {
    in.evaluation->note(mixed_exponential_custom(name, range));
    return nullptr;
  };
  if (has_custom_buckets(last) != custom) return incompatible();
  int schema = std::min(last.schema, first.schema);
  for (std::size_t i = 1; counter && i + 1 < points.size(); ++i) {
    if (is_gauge(*points[i])) in.evaluation->note(histogram_not_counter(name, range));
    schema = std::min(schema, points[i]->schema);
    if (has_custom_buckets(*points[i]) != custom) return incompatible();
  }
  auto result = std::make_shared<NativeHistogram>(last);
  reduce_resolution(*result, schema);
  note_combined(in, subtract(*result, first), "subtraction");
  if (counter) {
    const NativeHistogram* previous = &first;
    bool overlap = false;
    for (std::size_t i = 1; i < points.size(); ++i) {
      if (!overlap && !w.histogram_starts.empty() &&
          is_start_overlap(w.histogram_starts[i - 1], w.histogram_times[i - 1],
                           w.histogram_starts[i])) {
        overlap = true;
        in.evaluation->annotations.add_start_time_overlap(name, range);
      }
      if (start_reset(i) || was_reset(*points[i], *previous)) {
        note_combined(in, add(*result, *previous), "addition");
      }
      previous = points[i].get();
    }
  } else if (!is_gauge(*points.front()) || !is_gauge(last)) {
    in.evaluation->note(histogram_not_gauge(name, range));
  }
  result->hint = CounterResetHint::kGauge;
  compact(*result);
  return result;
}

void mixed_rate(const WindowInput& in, const MixedWindow& w, Row& out) {
  histogram_rate(in, w, out, MixedRateKind::kRate);
}
void mixed_increase(const WindowInput& in, const MixedWindow& w, Row& out) {
  histogram_rate(in, w, out, MixedRateKind::kIncrease);
}
void mixed_delta(const WindowInput& in, const MixedWindow& w, Row& out) {
  histogram_rate(in, w, out, MixedRateKind::kDelta);
}
void mixed_irate(const WindowInput& in, const MixedWindow& w, Row& out) {
  histogram_instant(in, w, out, true);
}
void mixed_idelta(const WindowInput& in, const MixedWindow& w, Row& out) {
  histogram_instant(in, w, out, false);
}
void mixed_sum_over_time(const WindowInput& in, const MixedWindow& w, Row& out) {
  histogram_total(in, w, out, false);
}
void mixed_avg_over_time(const WindowInput& in, const MixedWindow& w, Row& out) {
  histogram_total(in, w, out, true);
}

/// Buckets that are empty in one and missing in the other make no difference: Prometheus' storage
/// gives all samples between two resets the same buckets.
bool same_observations(const NativeHistogram& a, const NativeHistogram& b) {
  if (equal_histograms(a, b)) return true;
  if (a.count != b.count) return false;
  NativeHistogram left = a;
  NativeHistogram right = b;
  compact(left);
  compact(right);
  return equal_histograms(left, right);
}

void mixed_changes(const WindowInput&, const MixedWindow& w, Row& out) {
  const std::vector<MixedSample> all = in_time_order(w);
  double changes = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const MixedSample& a = all[i - 1];
    const MixedSample& b = all[i];
    bool changed = (a.histogram == nullptr) != (b.histogram == nullptr);
    if (!changed && b.histogram != nullptr) {
      changed = !same_observations(*a.histogram, *b.histogram);
    } else if (!changed) {
      changed = a.value != b.value && !(std::isnan(a.value) && std::isnan(b.value));
    }
    if (changed) changes += 1;
  }
  out.set(w.step, changes);
}

void mixed_resets(const WindowInput&, const MixedWindow& w, Row& out) {
  const std::vector<MixedSample> all = in_time_order(w);
  double resets = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const MixedSample& a = all[i - 1];
    const MixedSample& b = all[i];
    bool reset = (a.histogram == nullptr) != (b.histogram == nullptr) ||
                 is_start_reset(a.start, a.time, b.start, b.time);
    if (!reset) {
      reset = b.histogram != nullptr ? was_reset(*b.histogram, *a.histogram) : b.value < a.value;
    }
    if (reset) resets += 1;
  }
  out.set(w.step, resets);
}

void mixed_count_over_time(const WindowInput&, const MixedWindow& w, Row& out) {
  out.set(w.step, static_cast<double>(w.floats.size() + w.histograms.size()));
}

void mixed_present_over_time(const WindowInput&, const MixedWindow& w, Row& out) {
  out.set(w.step, 1);
}

void mixed_first_over_time(const WindowInput&, const MixedWindow& w, Row& out) {
  if (!w.floats.empty() && w.float_times.front() < w.histogram_times.front()) {
    out.set(w.step, w.floats.front());
  } else {
    out.set(w.step, w.histograms.front());
  }
}

void mixed_last_over_time(const WindowInput&, const MixedWindow& w, Row& out) {
  if (!w.floats.empty() && w.float_times.back() > w.histogram_times.back()) {
    out.set(w.step, w.floats.back());
  } else {
    out.set(w.step, w.histograms.back());
  }
}

void mixed_ts_of_first_over_time(const WindowInput&, const MixedWindow& w, Row& out) {
  std::int64_t first = w.histogram_times.front();
  if (!w.floats.empty()) first = std::min(first, w.float_times.front());
  out.set(w.step, static_cast<double>(first) / 1000);
}

void mixed_ts_of_last_over_time(const WindowInput&, const MixedWindow& w, Row& out) {
  std::int64_t last = w.histogram_times.back();
  if (!w.floats.empty()) last = std::max(last, w.float_times.back());
  out.set(w.step, static_cast<double>(last) / 1000);
}

void mixed_floats_only(const WindowInput& in, const MixedWindow& w, Row& out) {
  if (w.floats.empty()) return;
  in.evaluation->note(histogram_ignored_in_range(in.labels->metric_name(), first_argument(in)));
  copy_float_result(w, out);
}

}  // namespace tocsin::promql
