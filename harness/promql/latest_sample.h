#pragma once

#include <cstddef>

#include "harness/model/series.h"
#include "harness/promql/evaluation.h"

namespace tocsin::promql {

inline bool is_stale_sample(const SeriesView& view, std::size_t i) {
  if (!view.histograms.empty() && view.histograms[i]) return is_stale(view.histograms[i]->sum);
  return is_stale(view.values[i]);
}

/// Calls found(step, index) for each step that has a current sample: the latest one not after the
/// step's time, unless it is older than the lookback or a stale marker.
template <class Found>
void for_latest(const SeriesView& view, const LookTimes& times, const QueryOptions& options,
                Found&& found) {
  // Prometheus 3 leaves out a sample exactly as old as the lookback; ages are whole milliseconds.
  const std::int64_t oldest_age = options.lookback.count() - (options.version_2 ? 0 : 1);
  std::size_t next = 0;
  for (std::size_t step = 0; step < times.steps; ++step) {
    const std::int64_t at = times.at(step);
    while (next < view.timestamps.size() && view.timestamps[next] <= at) ++next;
    if (next == 0 || at - view.timestamps[next - 1] > oldest_age) continue;
    if (is_stale_sample(view, next - 1)) continue;
    found(step, next - 1);
  }
}

/// The samples that for_latest can find; `what` is a selector, or matchers.
template <class Selection>
std::vector<SeriesView> select_latest(Evaluation& evaluation, const Selection& what,
                                      const LookTimes& times) {
  return evaluation.select(what, times.first_ms - evaluation.options.lookback.count(),
                           times.last_ms());
}

}  // namespace tocsin::promql
