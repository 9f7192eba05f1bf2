#pragma once

#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/model/labels.h"
#include "harness/model/native_histogram.h"

/// The notation in which Prometheus' test scripts and rule unit tests write series:
///
///     http_requests_total{job="api"}  0+10x5 _ stale {{schema:0 count:3 buckets:[1 2]}}x2

namespace tocsin::promql {

/// One value of a series; a series has one at each interval.
struct SequenceValue {
  bool omitted = false;
  double value = 0;              ///< a stale marker for "stale"
  NativeHistogramPtr histogram;  ///< null for floats
  bool hint_given = false;       ///< the histogram's counter_reset_hint was written out
};

struct SeriesDescription {
  Labels labels;
  std::vector<SequenceValue> values;
};

/// So many values may one description stand for.
inline constexpr std::size_t kLongestSequence = 10'000'000;

/// Errors carry the column.
Result<SeriesDescription> parse_series_description(std::string_view text);
/// The values alone, as rule unit tests have them.
Result<std::vector<SequenceValue>> parse_sequence(std::string_view text);
/// The labels before them: as below, but no space stands before the braces.
Result<Labels> parse_series_head(std::string_view text);
/// The labels alone: name{a="b"}.
Result<Labels> parse_series_labels(std::string_view text);

}  // namespace tocsin::promql
