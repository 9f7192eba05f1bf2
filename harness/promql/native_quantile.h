#pragma once

#include "harness/model/native_histogram.h"

namespace tocsin::promql {

/// What a histogram with NaN observations, which are in no bucket, does to a quantile or fraction.
enum class NanEffect { kNone, kResultIsNan, kSkewed, kExcluded };

struct NativeEstimate {
  double value = 0;
  NanEffect nans = NanEffect::kNone;
};

NativeEstimate native_quantile(double q, const NativeHistogram& h);
NativeEstimate native_fraction(double lower, double upper, const NativeHistogram& h);
double native_variance(const NativeHistogram& h);

}  // namespace tocsin::promql
