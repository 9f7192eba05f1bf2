#pragma once

#include <functional>
#include <memory>

#include "harness/net/loop.h"

namespace tocsin::net {

enum class Wake {
  kElapsed,    ///< the time came
  kNotified,   ///< notify() was called
  kCancelled,  ///< the waiting coroutine was cancelled
};

/// One coroutine waits for a time or for a word from another one. Resolution is the kernel's timer,
/// far below a millisecond.
class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;

  /// Waits until Loop::now() reaches `when`; kNoDeadline waits for notify() only. A time that has
  /// passed answers at once. One waiter at a time.
  Task<Wake> wait_until(Nanos when);

  /// Wakes the waiter; when there is none, the next wait answers kNotified at once. Several calls
  /// before a wait count as one.
  void notify();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Waits until Loop::now() reaches `when`. False when cancelled.
Task<bool> sleep_until(Nanos when);
Task<bool> sleep_for(Nanos wait);

/// Calls `on_signal` on the loop's thread for each SIGINT and SIGTERM, as long as it lives; without
/// a watch the signals end the process as usual. Does not keep the loop running. One at a time.
class SignalWatch {
 public:
  SignalWatch(Loop& loop, std::function<void(int signal)> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tocsin::net
