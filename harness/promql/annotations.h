#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/promql/evaluator.h"

/// The annotations of Prometheus' evaluator, in its words (util/annotations): one function each.

namespace tocsin::promql {

Annotation invalid_quantile(double quantile, TextRange range);
Annotation invalid_ratio(double ratio, double capped, TextRange range);
Annotation bad_bucket_label(std::string_view metric, std::string_view label, TextRange range);
Annotation mixed_floats_histograms(std::string_view metric, TextRange range);
Annotation mixed_floats_histograms_aggregation(TextRange range);
Annotation mixed_classic_native_histograms(std::string_view metric, TextRange range);
Annotation histogram_not_counter(std::string_view metric, TextRange range);
Annotation histogram_not_gauge(std::string_view metric, TextRange range);
Annotation mixed_exponential_custom(std::string_view metric, TextRange range);
Annotation possible_non_counter(std::string_view metric, TextRange range);
Annotation possible_non_counter_label(std::string_view metric, std::string_view type,
                                      TextRange range);
Annotation incompatible_types(std::string_view left, std::string_view op, std::string_view right,
                              TextRange range);
Annotation incompatible_bucket_layout(std::string_view op, TextRange range);
Annotation histogram_ignored_in_aggregation(std::string_view aggregation, TextRange range);
Annotation histogram_ignored_in_range(std::string_view metric, TextRange range);
Annotation sort_in_range_query(TextRange range);
Annotation quantile_nan_result(std::string_view metric, TextRange range);
Annotation quantile_nan_skew(std::string_view metric, TextRange range);
Annotation fraction_nans(std::string_view metric, TextRange range);
/// `operation` is "addition", "subtraction" or "aggregation".
Annotation counter_reset_collision(std::string_view operation, TextRange range);
Annotation mismatched_custom_buckets(std::string_view operation, TextRange range);

/// What an evaluation has to say, each message once, in order of first appearance.
class AnnotationLog {
 public:
  void add(Annotation annotation);
  /// The fixes of one classic histogram at one step; they end up in one message.
  struct MonotonicityFix {
    double lowest_bucket = 0;
    double highest_bucket = 0;
    double largest_decrease = 0;
  };
  void add_forced_monotonicity(std::string_view metric, TextRange range, std::int64_t at_ms,
                               const MonotonicityFix& fix);
  void add_start_time_overlap(std::string_view metric, TextRange range);

  std::vector<Annotation> take();

 private:
  struct Monotonicity {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
    MonotonicityFix worst;
    std::uint64_t samples = 0;
  };
  struct Entry {
    Annotation annotation;
    Monotonicity monotonicity;
    std::uint64_t overlaps = 0;
  };
  Entry& entry(Annotation annotation);

  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> index_;  ///< by message
};

/// Go's %g: the shortest digits that read back the same, with an exponent below 1e-4 and from 1e6.
std::string format_g(double value);

}  // namespace tocsin::promql
