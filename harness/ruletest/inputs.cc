#include "harness/ruletest/inputs.h"

#include <algorithm>
#include <map>

#include "harness/promql/script_store.h"

namespace tocsin::ruletest {
namespace {

bool matches_all(std::span<const Matcher> matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const Matcher& matcher) { return matcher.matches(labels); });
}

}  // namespace

Inputs::Inputs(const std::vector<promql::LoadCommand::Series>& series, Timestamp start,
               Duration interval) {
  std::size_t longest = 0;
  std::map<Labels, const promql::LoadCommand::Series*> last;
  for (const promql::LoadCommand::Series& one : series) {
    last[one.labels] = &one;
    longest = std::max(longest, one.values.size());
  }
  grid_.reserve(longest);
  for (std::size_t i = 0; i < longest; ++i) {
    grid_.push_back(to_ms(start) + static_cast<std::int64_t>(i) * interval.count());
  }
  for (const auto& [labels, one] : last) {
    Column column = make(*one);
    if (column.values.empty()) continue;
    by_name_[std::string(labels.metric_name())].push_back(
        static_cast<std::uint32_t>(series_.size()));
    series_.push_back(std::move(column));
  }
}

Inputs::Column Inputs::make(const promql::LoadCommand::Series& series) const {
  const auto& values = series.values;
  const auto given = [](const promql::SequenceValue& value) { return !value.omitted; };
  const auto first = std::find_if(values.begin(), values.end(), given);
  const auto last = std::find_if(values.rbegin(), values.rend(), given).base();
  Column column;
  column.labels = series.labels;
  if (first == values.end()) return column;
  const auto count = static_cast<std::size_t>(std::count_if(first, last, given));
  column.first = static_cast<std::size_t>(first - values.begin());
  const bool gaps = count != static_cast<std::size_t>(last - first);
  const bool histograms =
      std::any_of(first, last, [](const auto& value) { return value.histogram != nullptr; });
  column.values.reserve(count);
  NativeHistogramPtr before;
  for (auto it = first; it != last; ++it) {
    if (it->omitted) continue;
    const auto i = static_cast<std::size_t>(it - values.begin());
    if (gaps) column.times.push_back(grid_[i]);
    column.values.push_back(it->histogram ? 0 : it->value);
    if (histograms) {
      NativeHistogramPtr stored =
          it->histogram ? promql::as_stored(it->histogram, before.get()) : nullptr;
      column.histograms.push_back(stored);
      before = std::move(stored);
    }
    if (series.starts.empty()) continue;
    const promql::SequenceValue& start = series.starts[i];
    column.starts.push_back(start.omitted ? 0 : grid_[i] + static_cast<std::int64_t>(start.value));
  }
  return column;
}

std::span<const std::int64_t> Inputs::times_of(const Column& column) const {
  if (!column.times.empty()) return column.times;
  return std::span(grid_).subspan(column.first, column.values.size());
}

SeriesView Inputs::view(const Column& column, std::size_t from, std::size_t count) const {
  SeriesView view;
  view.labels = column.labels;
  view.timestamps = times_of(column).subspan(from, count);
  view.values = std::span(column.values).subspan(from, count);
  if (!column.histograms.empty()) {
    view.histograms = std::span(column.histograms).subspan(from, count);
  }
  if (!column.starts.empty()) {
    view.start_timestamps = std::span(column.starts).subspan(from, count);
  }
  return view;
}

template <class Visit>
void Inputs::visit(std::span<const Matcher> matchers, Visit&& visit) const {
  const auto named = std::find_if(matchers.begin(), matchers.end(), [](const Matcher& matcher) {
    return matcher.name() == kMetricName && matcher.op() == MatchOp::kEqual;
  });
  if (named == matchers.end()) {
    for (const Column& column : series_) {
      if (matches_all(matchers, column.labels) && !visit(column)) return;
    }
    return;
  }
  const auto found = by_name_.find(named->value());
  if (found == by_name_.end()) return;
  for (const std::uint32_t i : found->second) {
    if (matches_all(matchers, series_[i].labels) && !visit(series_[i])) return;
  }
}

std::vector<SeriesView> Inputs::select(std::span<const Matcher> matchers, TimeRange range) const {
  std::vector<SeriesView> result;
  visit(matchers, [&](const Column& column) {
    const auto times = times_of(column);
    const auto first = std::lower_bound(times.begin(), times.end(), to_ms(range.from));
    const auto last = std::upper_bound(first, times.end(), to_ms(range.to));
    if (first != last) {
      result.push_back(view(column, static_cast<std::size_t>(first - times.begin()),
                            static_cast<std::size_t>(last - first)));
    }
    return true;
  });
  return result;
}

bool Inputs::has(const Labels& labels) const {
  const auto it = std::lower_bound(
      series_.begin(), series_.end(), labels,
      [](const Column& column, const Labels& wanted) { return column.labels < wanted; });
  return it != series_.end() && it->labels == labels;
}

bool Inputs::any(std::span<const Matcher> matchers) const {
  bool found = false;
  visit(matchers, [&](const Column&) {
    found = true;
    return false;
  });
  return found;
}

bool Inputs::has_label(std::string_view name) const {
  return std::any_of(series_.begin(), series_.end(),
                     [&](const Column& column) { return column.labels.has(name); });
}

std::vector<SeriesView> Inputs::all() const {
  std::vector<SeriesView> result;
  for (const Column& column : series_) result.push_back(view(column, 0, column.values.size()));
  return result;
}

}  // namespace tocsin::ruletest
