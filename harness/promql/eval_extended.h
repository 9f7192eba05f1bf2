#pragma once

#include "harness/promql/window.h"

/// Selectors with `anchored` and `smoothed`: ranges that begin and end with a sample at their very
/// bounds, taken from before the range or interpolated between neighbours.

namespace tocsin::promql {

/// How far beyond a range an extended selector looks.
struct ExtendedReach {
  std::int64_t before_ms = 0;
  std::int64_t after_ms = 0;
};
ExtendedReach extended_reach(const VectorSelector& node, const QueryOptions& options);

/// The selector of a range argument when it is anchored or smoothed; else null.
const VectorSelector* extended_selector(const Node& range_argument);
/// Fails for functions that cannot take such a range.
void check_extended(Evaluation& evaluation, const VectorSelector& node, const Call& call);
/// rate, increase, delta, changes and resets over one series.
void evaluate_extended(const VectorSelector& node, const WindowInput& in, const SeriesView& view,
                       Row& out);
void evaluate_smoothed_selector(Evaluation& evaluation, const VectorSelector& node,
                                const Timeline& timeline, RowSink sink);

/// The floats of (start, end] with a sample at each bound; `window` reaches beyond them.
struct ExtendedFloats {
  std::vector<std::int64_t> times;
  std::vector<double> values;
};
ExtendedFloats extended_floats(const MixedWindow& window, std::int64_t start, std::int64_t end,
                               bool smoothed);

}  // namespace tocsin::promql
