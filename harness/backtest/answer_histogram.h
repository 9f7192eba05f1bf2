#pragma once

#include <optional>
#include <vector>

#include "harness/model/native_histogram.h"

namespace tocsin::backtest {

/// A native histogram as Prometheus' API writes it: buckets by their bounds, empty ones left out.
struct AnswerHistogram {
  struct Bucket {
    int rule = 0;  ///< which bounds belong to it; 3: both, as only the zero bucket's do
    double lower = 0;
    double upper = 0;
    double count = 0;
  };
  double count = 0;
  double sum = 0;
  std::vector<Bucket> buckets;  ///< ascending
};

/// The histogram that it was: the schema is found from the bounds, and custom buckets are what fits
/// no schema; bounds of empty custom buckets are lost. The API does not tell the counter reset hint
/// and, where the zero bucket is empty, its width. nullopt when the bounds make no sense.
std::optional<NativeHistogram> histogram_of(const AnswerHistogram& answer);

}  // namespace tocsin::backtest
