#pragma once

#include "harness/base/time.h"

namespace tocsin {

/// The only way to ask what time it is.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall-clock time.
  virtual Timestamp now() const = 0;
  /// Monotonic time since an arbitrary start.
  virtual Nanos monotonic() const = 0;
};

/// The computer's clocks.
const Clock& system_clock();

/// A clock that moves only when told to.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : start_(start) {}
  Timestamp now() const override { return start_ + std::chrono::floor<Duration>(elapsed_); }
  Nanos monotonic() const override { return elapsed_; }
  void advance(Nanos by) { elapsed_ += by; }

 private:
  Timestamp start_;
  Nanos elapsed_{0};
};

}  // namespace tocsin
