#include "harness/ruletest/group_store.h"

#include <algorithm>

#include "harness/promql/script_store.h"

namespace tocsin::ruletest {
namespace {

using LastHistograms = std::unordered_map<Labels, NativeHistogramPtr>;

bool append_stored(metrics::Store& store, LastHistograms& last, const Labels& labels, Timestamp at,
                   NativeHistogramPtr histogram) {
  NativeHistogramPtr& before = last[labels];
  NativeHistogramPtr stored = promql::as_stored(histogram, before.get());
  if (!store.append_native(labels, at, stored)) return false;
  before = std::move(stored);
  return true;
}

}  // namespace

std::vector<SeriesView> GroupStore::select(std::span<const Matcher> matchers,
                                           TimeRange range) const {
  range.to = std::min(range.to, last_);
  std::vector<SeriesView> found = inputs_.select(matchers, range);
  if (recorded_.series_count() == 0) return found;
  std::vector<SeriesView> recorded = recorded_.select(matchers, range);
  if (recorded.empty()) return found;
  const auto middle = static_cast<std::ptrdiff_t>(found.size());
  std::move(recorded.begin(), recorded.end(), std::back_inserter(found));
  std::inplace_merge(found.begin(), found.begin() + middle, found.end(),
                     [](const SeriesView& a, const SeriesView& b) { return a.labels < b.labels; });
  return found;
}

bool GroupStore::is_input(const Labels& labels) {
  const auto [it, added] = known_.try_emplace(labels, false);
  if (added) it->second = inputs_.has(labels);
  conflicts_ = conflicts_ || it->second;
  return it->second;
}

bool GroupStore::append(const Labels& labels, Timestamp at, double value) {
  if (is_input(labels)) return false;
  return recorded_.append(labels, at, value);
}

bool GroupStore::append_native(const Labels& labels, Timestamp at, NativeHistogramPtr histogram) {
  if (is_input(labels)) return false;
  return append_stored(recorded_, histograms_, labels, at, std::move(histogram));
}

SteppedStore::SteppedStore(const Inputs& inputs) {
  for (SeriesView& series : inputs.all()) feeds_.push_back({std::move(series), 0});
}

void SteppedStore::feed(Timestamp now) {
  for (Feed& feed : feeds_) {
    const SeriesView& samples = feed.samples;
    for (; feed.next < samples.timestamps.size() && samples.timestamps[feed.next] <= to_ms(now);
         ++feed.next) {
      const std::size_t i = feed.next;
      const Timestamp at = from_ms(samples.timestamps[i]);
      const metrics::SeriesId id = store_.intern(samples.labels);
      if (!samples.start_timestamps.empty()) {
        store_.set_start_timestamp(id, from_ms(samples.start_timestamps[i]));
      }
      if (!samples.histograms.empty() && samples.histograms[i]) {
        append_stored(store_, histograms_, samples.labels, at, samples.histograms[i]);
      } else {
        store_.append(id, at, samples.values[i]);
      }
    }
  }
}

std::vector<SeriesView> SteppedStore::select(std::span<const Matcher> matchers,
                                             TimeRange range) const {
  return store_.select(matchers, range);
}

bool SteppedStore::append(const Labels& labels, Timestamp at, double value) {
  return store_.append(labels, at, value);
}

bool SteppedStore::append_native(const Labels& labels, Timestamp at, NativeHistogramPtr histogram) {
  return append_stored(store_, histograms_, labels, at, std::move(histogram));
}

}  // namespace tocsin::ruletest
