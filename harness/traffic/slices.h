#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/model/evidence.h"

namespace tocsin::traffic {

/// A latency histogram at rest: two or three bytes for each bucket in use.
class PackedHistogram {
 public:
  PackedHistogram() = default;
  explicit PackedHistogram(const LatencyHistogram& histogram);
  /// Equal to the one that was packed.
  LatencyHistogram unpack() const;

 private:
  std::string bytes_;  ///< of each bucket the distance from the one before, and the count
  Nanos min_{0};
  Nanos max_{0};
  double sum_ns_ = 0;
};

/// The counts of a run's slices of time. Answers come in for the last few of them, or for those
/// that a stall has left behind; the others are packed, so that a long run needs little memory.
class Slices {
 public:
  static constexpr std::size_t kOpen = 8;

  std::size_t size() const { return slices_.size(); }
  /// For counting; makes the slices up to `index` that are missing. Valid until the next call.
  LoadCounts& at(std::size_t index);
  LoadCounts copy(std::size_t index) const;
  void merge(const Slices& other);

 private:
  struct Slice {
    LoadCounts counts;  ///< without the histograms, when packed
    bool is_open = false;
    PackedHistogram response, service, send_lag;

    void open();
    void pack();
  };

  std::vector<Slice> slices_;
  std::vector<std::size_t> open_;  ///< the one opened last comes last
};

}  // namespace tocsin::traffic
