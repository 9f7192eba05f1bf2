// Instant vector selectors.

#include "harness/promql/eval_extended.h"
#include "harness/promql/latest_sample.h"

namespace tocsin::promql {

void evaluate_selector(Evaluation& evaluation, const VectorSelector& node, const Timeline& timeline,
                       RowSink sink) {
  if (node.smoothed) return evaluate_smoothed_selector(evaluation, node, timeline, sink);
  const LookTimes times = evaluation.look_times(node.shift, timeline);
  Row row;
  for (const SeriesView& view : select_latest(evaluation, node, times)) {
    evaluation.check_time();
    row.clear(times.steps);
    if (view.histograms.empty()) {
      for_latest(view, times, evaluation.options,
                 [&](std::size_t step, std::size_t i) { row.set(step, view.values[i]); });
    } else {
      for_latest(view, times, evaluation.options, [&](std::size_t step, std::size_t i) {
        if (view.histograms[i]) {
          row.set(step, view.histograms[i]);
        } else {
          row.set(step, view.values[i]);
        }
      });
    }
    if (row.present.none()) continue;
    row.labels = view.labels;
    sink(row);
  }
}

}  // namespace tocsin::promql
