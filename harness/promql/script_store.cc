#include "harness/promql/script_store.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/promql/annotations.h"
#include "harness/promql/classic_histogram.h"
#include "harness/promql/histogram_math.h"
#include "harness/promql/numbers.h"

namespace tocsin::promql {
namespace {

/// A classic histogram at one point of time.
struct ClassicSample {
  std::map<double, double> buckets;  ///< cumulative counts by upper bound
  std::optional<double> count;
  double sum = 0;
};

Result<NativeHistogramPtr> to_native(ClassicSample sample) {
  const double last = sample.buckets.empty() ? 0 : sample.buckets.rbegin()->second;
  const double count = sample.count.value_or(last);
  sample.buckets.try_emplace(kInfinity, count);
  auto h = std::make_shared<NativeHistogram>();
  h->schema = NativeHistogram::kCustomBuckets;
  h->count = count;
  h->sum = sample.sum;
  double below = 0;
  for (const auto& [upper, cumulative] : sample.buckets) {
    if (cumulative < below) {
      return input_error({}, "bucket counts of a classic histogram fall: " + format_g(cumulative) +
                                 " < " + format_g(below));
    }
    h->positive_buckets.push_back(cumulative - below);
    below = cumulative;
    if (upper != kInfinity) h->custom_bounds.push_back(upper);
  }
  if (count != below) {
    return input_error({}, "a classic histogram's count is not that of its last bucket: " +
                               format_g(count) + " != " + format_g(below));
  }
  h->positive_spans = {{0, static_cast<std::uint32_t>(h->positive_buckets.size())}};
  compact(*h);
  return NativeHistogramPtr(std::move(h));
}

bool take_suffix(std::string_view& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return false;
  name.remove_suffix(suffix.size());
  return true;
}

}  // namespace

NativeHistogramPtr as_stored(const NativeHistogramPtr& histogram, const NativeHistogram* before) {
  if (histogram->hint == CounterResetHint::kGauge) return histogram;
  auto stored = std::make_shared<NativeHistogram>(*histogram);
  stored->hint = CounterResetHint::kUnknown;
  const bool goes_on =
      before != nullptr && before->hint != CounterResetHint::kGauge &&
      histogram->hint != CounterResetHint::kReset && before->schema == stored->schema &&
      before->zero_threshold == stored->zero_threshold &&
      before->custom_bounds == stored->custom_bounds && !was_reset(*stored, *before);
  if (goes_on) stored->hint = CounterResetHint::kNotReset;
  return stored;
}

void ScriptStore::append(const Labels& labels, std::int64_t at, double value,
                         NativeHistogramPtr histogram, std::int64_t start) {
  Columns& columns = series_[labels];
  if (!columns.times.empty() && columns.times.back() >= at) return;
  if (histogram) {
    histogram = as_stored(histogram,
                          columns.histograms.empty() ? nullptr : columns.histograms.back().get());
  }
  columns.times.push_back(at);
  columns.values.push_back(value);
  if (histogram || !columns.histograms.empty()) {
    columns.histograms.resize(columns.times.size());
    columns.histograms.back() = std::move(histogram);
  }
  if (start != 0 || !columns.starts.empty()) {
    columns.starts.resize(columns.times.size(), 0);
    columns.starts.back() = start;
  }
}

Result<void> ScriptStore::load(const LoadCommand& command) {
  // Of two lines for one series the later one counts.
  std::map<Labels, const LoadCommand::Series*> last;
  for (const LoadCommand::Series& series : command.series) last[series.labels] = &series;
  for (const auto& [labels, line] : last) {
    const LoadCommand::Series& series = *line;
    std::int64_t at = 0;
    for (std::size_t i = 0; i < series.values.size(); ++i, at += command.interval.count()) {
      const SequenceValue& value = series.values[i];
      if (value.omitted) continue;
      const bool has_start = i < series.starts.size() && !series.starts[i].omitted;
      const std::int64_t start =
          has_start ? at + static_cast<std::int64_t>(series.starts[i].value) : 0;
      append(series.labels, at, value.value, value.histogram, start);
    }
  }
  if (!command.with_custom_buckets) return {};
  return load_custom_buckets(command);
}

Result<void> ScriptStore::load_custom_buckets(const LoadCommand& command) {
  std::map<Labels, std::map<std::int64_t, ClassicSample>> histograms;
  for (const LoadCommand::Series& series : command.series) {
    std::string_view name = series.labels.metric_name();
    const bool bucket = take_suffix(name, "_bucket");
    const bool sum = !bucket && take_suffix(name, "_sum");
    const bool count = !bucket && !sum && take_suffix(name, "_count");
    if (!bucket && !sum && !count) continue;
    const std::optional<double> upper = bucket ? parse_go_float(series.labels.get("le")) : 0;
    if (!upper || std::isnan(*upper)) continue;
    auto& samples = histograms[series.labels.with(kMetricName, name).with("le", {})];
    std::int64_t at = 0;
    for (const SequenceValue& value : series.values) {
      if (!value.omitted && !value.histogram) {
        ClassicSample& sample = samples[at];
        if (bucket) sample.buckets[*upper] = value.value;
        if (sum) sample.sum = value.value;
        if (count) sample.count = value.value;
      }
      at += command.interval.count();
    }
  }
  for (const auto& [labels, samples] : histograms) {
    for (const auto& [at, sample] : samples) {
      TRY(const NativeHistogramPtr histogram, to_native(sample));
      append(labels, at, 0, histogram, 0);
    }
  }
  return {};
}

std::vector<SeriesView> ScriptStore::select(std::span<const Matcher> matchers,
                                            TimeRange range) const {
  std::vector<SeriesView> result;
  for (const auto& [labels, columns] : series_) {
    const auto matched = [&series = labels](const Matcher& matcher) {
      return matcher.matches(series);
    };
    if (!std::all_of(matchers.begin(), matchers.end(), matched)) continue;
    const auto& times = columns.times;
    const auto first = std::lower_bound(times.begin(), times.end(), to_ms(range.from));
    const auto last = std::upper_bound(first, times.end(), to_ms(range.to));
    if (first == last) continue;
    const auto from = static_cast<std::size_t>(first - times.begin());
    const auto count = static_cast<std::size_t>(last - first);
    SeriesView view;
    view.labels = labels;
    view.timestamps = std::span(times).subspan(from, count);
    view.values = std::span(columns.values).subspan(from, count);
    if (!columns.histograms.empty()) {
      view.histograms = std::span(columns.histograms).subspan(from, count);
    }
    if (!columns.starts.empty()) {
      view.start_timestamps = std::span(columns.starts).subspan(from, count);
    }
    result.push_back(std::move(view));
  }
  return result;
}

}  // namespace tocsin::promql
