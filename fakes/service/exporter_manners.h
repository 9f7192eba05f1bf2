#pragma once

#include <string_view>
#include <vector>

#include "harness/metrics/exposition.h"

namespace tocsin::fakes {

/// What the HTTP servers of real exporters do beyond their metrics. The fakes that stand for none
/// answer as a well-kept server would.
struct ExporterManners {
  /// Any path but the metrics' gets the landing page, any method is as good as GET.
  bool landing = false;
  /// OpenMetrics is never spoken, whatever Accept says.
  bool text_only = false;
  /// Python's client library: OpenMetrics 0.0.1 with start times, and no compression.
  bool python = false;
};
ExporterManners manners_of(std::string_view kind);

std::string_view landing_page();

/// "x_created" families as OpenMetrics has them: samples of the family that they belong to.
void fold_created(std::vector<metrics::FamilySamples>& page);

}  // namespace tocsin::fakes
