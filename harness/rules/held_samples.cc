#include "harness/rules/held_samples.h"

#include <bit>

namespace tocsin::rules {

bool HeldSamples::hold(const Labels& labels, Timestamp at, double value,
                       NativeHistogramPtr histogram) {
  const auto [it, added] = index_.try_emplace(labels, series_.size());
  if (added) series_.emplace_back().labels = labels;
  Series& series = series_[it->second];
  if (!series.times.empty() && at <= series.times.back()) {
    const bool same_value =
        std::bit_cast<std::uint64_t>(series.values.back()) == std::bit_cast<std::uint64_t>(value);
    const NativeHistogramPtr last = series.histograms.empty() ? nullptr : series.histograms.back();
    const bool same_histogram = last == histogram || (last && histogram && *last == *histogram);
    return at == series.times.back() && same_value && same_histogram;
  }
  if (histogram || !series.histograms.empty()) {
    series.histograms.resize(series.times.size());
    series.histograms.push_back(std::move(histogram));
  }
  series.times.push_back(at);
  series.values.push_back(value);
  return true;
}

void HeldSamples::flush_to(SampleSink& sink, RuleRunner& writer) {
  for (Series& series : series_) {
    for (std::size_t i = 0; i < series.times.size(); ++i) {
      const bool is_histogram = !series.histograms.empty() && series.histograms[i];
      const bool taken =
          is_histogram ? sink.append_native(series.labels, series.times[i], series.histograms[i])
                       : sink.append(series.labels, series.times[i], series.values[i]);
      if (!taken && !is_stale(series.values[i])) writer.refuse(series.times[i]);
    }
    series = Series();
  }
  index_.clear();
  series_.clear();
}

}  // namespace tocsin::rules
