#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/base/time.h"
#include "harness/model/labels.h"
#include "harness/model/matcher.h"
#include "harness/model/native_histogram.h"

namespace tocsin {

/// The NaN that Prometheus writes when a series disappears; other NaNs are ordinary values.
inline constexpr std::uint64_t kStaleBits = 0x7ff0000000000002;
inline double stale_marker() {
  return std::bit_cast<double>(kStaleBits);
}
inline bool is_stale(double value) {
  return std::bit_cast<std::uint64_t>(value) == kStaleBits;
}

enum class MetricType {
  kUnknown,
  kCounter,
  kGauge,
  kHistogram,
  kSummary,
  kInfo,
  kStateSet,
  kGaugeHistogram
};

/// "counter", "gauge", … as the exposition formats spell it; kUnknown is "unknown".
std::string_view to_string(MetricType type);

/// What an exposition says about a family of metrics.
struct FamilyInfo {
  std::string name;  ///< as in the exposition's TYPE line
  MetricType type = MetricType::kUnknown;
  std::string help;
  std::string unit;

  bool operator==(const FamilyInfo&) const = default;
};

/// One series as borrowed columns in time order. The spans are valid until the source changes;
/// `keepalive` holds what was made for this view alone.
struct SeriesView {
  Labels labels;
  std::span<const std::int64_t> timestamps;  ///< ms since the epoch, strictly ascending
  std::span<const double> values;            ///< as many; is_stale() where the series ended
  /// Empty when the series holds floats only; else as many, null where the sample is a float.
  std::span<const NativeHistogramPtr> histograms;
  /// Start timestamps (OpenMetrics' _created) in ms; empty when none is known; 0 where unknown.
  std::span<const std::int64_t> start_timestamps;
  std::shared_ptr<const void> keepalive;
};

/// Both ends included.
struct TimeRange {
  Timestamp from = Timestamp::min();
  Timestamp to = Timestamp::max();
};

/// Where queries read from: the in-memory store, a test's literals, a run's evidence.
class SeriesSource {
 public:
  virtual ~SeriesSource() = default;
  /// Series that match all matchers and have at least one sample in the range, in label order; the
  /// columns hold the samples of the range.
  virtual std::vector<SeriesView> select(std::span<const Matcher> matchers,
                                         TimeRange range) const = 0;
  /// Metadata of a metric family; null when unknown.
  virtual const FamilyInfo* family(std::string_view name) const = 0;
};

/// Where samples go: what rules record, what a scrape brings.
class SampleSink {
 public:
  virtual ~SampleSink() = default;
  /// A sample older than the series' last is refused and counted, as Prometheus does; returns
  /// whether it was taken. The same time and value again is taken as done.
  virtual bool append(const Labels& labels, Timestamp at, double value) = 0;
  /// The same for a native histogram; a sink that holds floats only refuses it.
  virtual bool append_native(const Labels& /*labels*/, Timestamp /*at*/,
                             NativeHistogramPtr /*histogram*/) {
    return false;
  }
};

}  // namespace tocsin
