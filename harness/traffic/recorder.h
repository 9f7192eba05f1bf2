#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/model/evidence.h"
#include "harness/traffic/slices.h"
#include "harness/traffic/traffic.h"

namespace tocsin::traffic {

/// A request whose time has come. Times count from the run's start.
struct DueRequest {
  Nanos intended{0};
  std::uint32_t phase = 0;
  std::uint32_t endpoint = 0;  ///< index into the phase's mix
};

/// A request that was answered.
struct Answer {
  Nanos send_lag{0};  ///< how late the generator itself was
  Nanos sent{0};
  Nanos done{0};
  int status = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

/// Counts what became of each request, by endpoint and by slice of time; a worker has its own, and
/// they are merged at the end. Memory is bounded by the number of slices, at most kMaxSlices and
/// with many endpoints fewer: of a long run they are 2, 4, 8, … times as long. A request belongs to
/// the slice in which it was intended to be sent, so each slice's ledger balances by itself.
/// Latencies are those of answered requests; requests of warm-up phases count in everything() only.
class Recorder {
 public:
  struct Options {
    double time_scale = 1;
    Duration slice = std::chrono::seconds(1);
  };
  static constexpr std::int64_t kMaxSlices = 600;
  /// Slices times endpoints, but no fewer than kLeastSlices slices.
  static constexpr std::int64_t kMaxCells = 2400;
  static constexpr std::int64_t kLeastSlices = 60;

  Recorder(const Traffic& traffic, const Options& options);

  /// Each request is scheduled once, and then one of the others.
  void scheduled(const DueRequest& request);
  void completed(const DueRequest& request, const Answer& answer);
  void failed(const DueRequest& request, Nanos send_lag, const std::string& reason);
  void dropped(const DueRequest& request);
  void unfinished(const DueRequest& request);

  /// Of the same traffic and options.
  void merge(const Recorder& other);

  /// Warm-up included.
  const LoadLedger& everything() const { return everything_; }
  /// What a run that began at `start` and lasted `length` measured.
  LoadResult result(Timestamp start, Duration length) const;

 private:
  /// Calls count(counts) for the endpoint's counts, whole and of the slice, unless it is warm-up.
  template <class Count>
  void each_counts(const DueRequest& request, Count count);

  struct PhaseCells {
    bool warm_up = false;
    std::vector<std::uint32_t> endpoints;  ///< mix index to index into endpoints_
  };

  Nanos from_{0};   ///< the end of the warm-up
  Duration width_;  ///< of a slice
  std::vector<PhaseCells> phases_;
  std::vector<std::string> names_;  ///< of the endpoints
  std::vector<LoadCounts> endpoints_;
  std::vector<Slices> slices_;  ///< by endpoint
  LoadLedger everything_;
};

}  // namespace tocsin::traffic
