#pragma once

#include "harness/promql/window.h"

namespace tocsin::promql {

/// One range of an anchored or smoothed selector.
struct RateRequest {
  bool counter = false;
  bool per_second = false;
  bool smoothed = false;
  std::int64_t start = 0;
  std::int64_t end = 0;
  double width_s = 0;
};

/// The samples that decide about a range: from the last one at or before its start, if any, to the
/// last one, or with `smoothed` to the first one at or after its end.
struct Stretch {
  std::size_t first = 0;
  std::size_t last = 0;
};
std::optional<Stretch> stretch_of(std::span<const std::int64_t> times, std::int64_t start,
                                  std::int64_t end, bool smoothed);

/// rate, increase and delta of histograms.
void extended_histogram_rate(const WindowInput& in, const MixedWindow& window,
                             const RateRequest& request, Row& out);

/// A histogram between two others, by linear interpolation; a counter that was reset in between
/// starts from nothing. Null when they cannot be combined; notes what there is to say.
std::shared_ptr<NativeHistogram> interpolated(Evaluation& evaluation, const NativeHistogram& before,
                                              const NativeHistogram& after, double share,
                                              bool counter, std::string_view metric,
                                              TextRange range);

}  // namespace tocsin::promql
