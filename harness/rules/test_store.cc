#include "harness/rules/test_store.h"

#include <algorithm>
#include <bit>

namespace tocsin::rules {

bool TestStore::Columns::operator==(const Columns& other) const {
  return timestamps == other.timestamps &&
         std::equal(values.begin(), values.end(), other.values.begin(), other.values.end(),
                    [](double a, double b) {
                      return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
                    });
}

std::vector<SeriesView> TestStore::select(std::span<const Matcher> matchers,
                                          TimeRange range) const {
  std::vector<SeriesView> found;
  for (const auto& [labels, columns] : series_) {
    const bool matches = std::all_of(matchers.begin(), matchers.end(),
                                     [&](const Matcher& m) { return m.matches(labels); });
    const auto& times = columns.timestamps;
    const auto begin = std::lower_bound(times.begin(), times.end(), to_ms(range.from));
    const auto end = std::upper_bound(begin, times.end(), to_ms(range.to));
    if (!matches || begin == end) continue;
    const auto first = static_cast<std::size_t>(begin - times.begin());
    const auto count = static_cast<std::size_t>(end - begin);
    SeriesView view;
    view.labels = labels;
    view.timestamps = std::span(times).subspan(first, count);
    view.values = std::span(columns.values).subspan(first, count);
    found.push_back(std::move(view));
  }
  return found;
}

bool TestStore::append(const Labels& labels, Timestamp at, double value) {
  Columns& columns = series_[labels];
  if (!columns.timestamps.empty() && columns.timestamps.back() >= to_ms(at)) {
    return columns.timestamps.back() == to_ms(at) &&
           std::bit_cast<std::uint64_t>(columns.values.back()) ==
               std::bit_cast<std::uint64_t>(value);
  }
  columns.timestamps.push_back(to_ms(at));
  columns.values.push_back(value);
  return true;
}

}  // namespace tocsin::rules
