#pragma once

#include <cstddef>

#include "harness/net/stream.h"

namespace tocsin::net {

/// Which step of a script fails: reads, writes and shutdowns count together, from 1, over all
/// streams that share the plan.
struct FaultPlan {
  int fail_at = 0;  ///< 0: none
  Failure failure = {};
  int steps = 0;               ///< how many were begun so far
  std::size_t read_limit = 0;  ///< reads give at most so many bytes; 0: as they come

  bool struck() const { return fail_at != 0 && steps >= fail_at; }
};

/// For tests: passes everything on to `lower`, until the step that is to fail. That one, and all
/// later ones, answer the plan's failure, and the lower stream is torn down.
class FaultyStream final : public Stream {
 public:
  FaultyStream(StreamPtr lower, FaultPlan& plan);

  Task<Outcome<std::size_t>> read_some(std::span<char> into, Nanos deadline) override;
  Task<Outcome<>> write_all(std::string_view bytes, Nanos deadline) override;
  Task<Outcome<>> shutdown(Nanos deadline) override;
  void close() noexcept override;
  void reset() noexcept override;
  bool is_open() const override;
  bool is_stale() const override;
  bool peer_gone() const override;
  Address peer() const override;

 private:
  bool strikes();

  StreamPtr lower_;
  FaultPlan& plan_;
};

}  // namespace tocsin::net
