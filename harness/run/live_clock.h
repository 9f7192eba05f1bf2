#pragma once

#include <atomic>
#include <cmath>

#include "harness/base/clock.h"

namespace tocsin::run {

/// Where a live run is in its scenario: real time since the start, times the time scale. The start
/// is the moment of construction; with hold() it is chosen later, once, by begin_at(). offset() may
/// be asked by any thread meanwhile.
class LiveClock {
 public:
  LiveClock(const Clock& clock, double time_scale)
      : clock_(clock), scale_(time_scale), start_(clock.now()), origin_(clock.monotonic()) {}

  /// The scenario has not begun: its offset stays negative until begin_at().
  void hold() { held_ = true; }
  /// It begins at `start`, which may be yet to come.
  void begin_at(Timestamp start) {
    origin_ = clock_.monotonic() + (start - clock_.now());
    start_ = start;
    held_ = false;
  }

  Timestamp start() const { return start_; }
  double time_scale() const { return scale_; }
  /// Scenario time since the start.
  Duration offset() const {
    if (held_) return Duration(-1);
    const double ns = static_cast<double>((clock_.monotonic() - origin_).count());
    return Duration(static_cast<std::int64_t>(std::floor(ns * scale_ / 1e6)));
  }
  /// The monotonic time at which the scenario reaches an offset.
  Nanos when(Duration offset) const {
    const double ns = static_cast<double>(offset.count()) * 1e6 / scale_;
    return origin_ + Nanos(static_cast<std::int64_t>(ns));
  }
  /// The same as wall-clock time, free of jumps of the computer's clock.
  Timestamp wall(Nanos monotonic) const {
    return start_ + std::chrono::floor<Duration>(monotonic - origin_);
  }
  Nanos monotonic(Timestamp wall) const { return origin_ + (wall - start_); }
  Nanos now() const { return clock_.monotonic(); }
  /// A length of scenario time on the real clock.
  Nanos real(Duration length) const {
    return Nanos(static_cast<std::int64_t>(static_cast<double>(length.count()) * 1e6 / scale_));
  }

 private:
  const Clock& clock_;
  double scale_;
  Timestamp start_;
  Nanos origin_;
  std::atomic<bool> held_{false};  ///< false publishes the others
};

}  // namespace tocsin::run
