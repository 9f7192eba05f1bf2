#pragma once

#include "harness/scenario/problems.h"
#include "harness/scenario/system.h"

namespace tocsin::scenario {

/// One binding of an instrument. `node` is an item of its `series`, or the instrument itself when
/// it has no such list; labels and `only` of the instrument are for all of its series.
InstrumentSeries read_series(const yaml::Node& instrument, const yaml::Node& node, MetricType type,
                             const Target& target, Problems& problems);

/// Whether two series of a metric might be exported with equal labels.
bool may_share_labels(const InstrumentSeries& a, const InstrumentSeries& b, const Target& target);

/// Histograms and summaries.
bool observes(MetricType type);

}  // namespace tocsin::scenario
