#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace tocsin {

/// What is known about whether a counter histogram was reset before this sample.
enum class CounterResetHint { kUnknown, kReset, kNotReset, kGauge };

/// A native histogram sample with float counts, as Prometheus' FloatHistogram: exponential buckets
/// (schema -4…8: bucket i covers (2^(2^-schema)^(i-1), 2^(2^-schema)^i]) or custom ones (schema
/// kCustomBuckets, with `custom_bounds` as upper bounds and only positive buckets).
struct NativeHistogram {
  static constexpr int kCustomBuckets = -53;

  /// `offset` empty buckets (for the first span: index of its first bucket), then `length` buckets.
  struct Span {
    std::int32_t offset = 0;
    std::uint32_t length = 0;
    bool operator==(const Span&) const = default;
  };

  CounterResetHint hint = CounterResetHint::kUnknown;
  int schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;
  std::vector<Span> positive_spans;
  std::vector<Span> negative_spans;
  std::vector<double> positive_buckets;  ///< absolute counts, one for each bucket in the spans
  std::vector<double> negative_buckets;
  std::vector<double> custom_bounds;  ///< ascending, without +Inf; empty unless custom

  bool operator==(const NativeHistogram&) const = default;
};

using NativeHistogramPtr = std::shared_ptr<const NativeHistogram>;

}  // namespace tocsin
