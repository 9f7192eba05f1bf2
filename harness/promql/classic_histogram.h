#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "harness/promql/annotations.h"

/// Classic histograms: cumulative counts by upper bound (the label le).

namespace tocsin::promql {

struct ClassicBucket {
  double upper = 0;
  double count = 0;
};

/// A number as Go's ParseFloat reads it.
std::optional<double> parse_go_float(std::string_view text);

/// Both take buckets in ascending order and may change them.
struct ClassicQuantile {
  double value = 0;
  /// Set when counts fell from one bucket to the next and had to be evened out.
  std::optional<AnnotationLog::MonotonicityFix> fix;
};
ClassicQuantile classic_quantile(double q, std::span<ClassicBucket> buckets);
double classic_fraction(double lower, double upper, std::span<ClassicBucket> buckets);

}  // namespace tocsin::promql
