#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fakes/service/chance.h"
#include "fakes/service/requests.h"
#include "harness/model/evidence.h"

namespace tocsin::fakes {

/// What a load generator would have written down of simulated requests. Latencies are drawn once a
/// slice and change of the distribution, into at most a few hundred steps of its quantile function:
/// the cost does not depend on the number of requests.
class LoadRecord {
 public:
  /// `from`: offset of the measurement's start, after warm-up; `start`: wall-clock time of offset
  /// 0.
  LoadRecord(const Requests& requests, std::string_view target, Timestamp start, Duration from,
             Duration slice, std::uint64_t seed, scenario::Noise noise);

  Duration slice() const { return slice_; }
  /// A stretch within one slice and not before the measurement's start.
  void answered(Duration at, std::span<const RequestCount> counts);
  /// The same for requests that got no answer, for this reason.
  void unanswered(Duration at, std::span<const RequestCount> counts, const std::string& reason);

  LoadResult result(Duration until);

 private:
  /// Requests of an endpoint whose latencies have not been drawn yet.
  struct Pending {
    std::int64_t n = 0;
    Movement movement;
    Chance chance;
    Split cells;
  };
  struct Slice {
    Timestamp from = {};
    Duration length = {};
    std::vector<LoadCounts> endpoints;
  };

  Slice& slice_at(Duration at);
  void draw_pending();
  void draw_latencies(std::size_t endpoint, Slice& into);

  const Requests* requests_;
  Timestamp start_;
  Duration from_;
  Duration slice_;
  std::vector<Pending> pending_;  ///< by endpoint
  std::vector<Slice> slices_;
  std::vector<std::int64_t> cell_counts_;
};

}  // namespace tocsin::fakes
