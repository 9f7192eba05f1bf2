#include "harness/backtest/overlay.h"

#include <algorithm>
#include <iterator>

namespace tocsin::backtest {
namespace {

/// The one metric that the matchers ask for; null when it may be several.
const std::string* asked_metric(std::span<const Matcher> matchers) {
  for (const Matcher& matcher : matchers) {
    if (matcher.op() == MatchOp::kEqual && matcher.name() == kMetricName) return &matcher.value();
  }
  return nullptr;
}

}  // namespace

Overlay::Overlay(const SeriesSource& samples, std::set<std::string> recorded_names)
    : samples_(samples),
      names_(std::make_move_iterator(recorded_names.begin()),
             std::make_move_iterator(recorded_names.end())) {}

std::vector<SeriesView> Overlay::select(std::span<const Matcher> matchers, TimeRange range) const {
  if (names_.empty()) return samples_.select(matchers, range);
  if (const std::string* metric = asked_metric(matchers)) {
    return is_recorded(*metric) ? recorded_.select(matchers, range)
                                : samples_.select(matchers, range);
  }
  std::vector<SeriesView> below = samples_.select(matchers, range);
  std::erase_if(below,
                [&](const SeriesView& view) { return is_recorded(view.labels.metric_name()); });
  std::vector<SeriesView> above = recorded_.select(matchers, range);
  if (above.empty()) return below;
  std::vector<SeriesView> merged;
  merged.reserve(below.size() + above.size());
  std::merge(std::make_move_iterator(below.begin()), std::make_move_iterator(below.end()),
             std::make_move_iterator(above.begin()), std::make_move_iterator(above.end()),
             std::back_inserter(merged),
             [](const SeriesView& a, const SeriesView& b) { return a.labels < b.labels; });
  return merged;
}

bool Overlay::append(const Labels& labels, Timestamp at, double value) {
  return recorded_.append(labels, at, value);
}

bool Overlay::append_native(const Labels& labels, Timestamp at, NativeHistogramPtr histogram) {
  return recorded_.append_native(labels, at, std::move(histogram));
}

}  // namespace tocsin::backtest
