#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>

#include "harness/base/clock.h"
#include "harness/net/task.h"

namespace boost::asio {
class io_context;
}

namespace tocsin::net {

inline constexpr Nanos kNoDeadline = Nanos::max();

/// The monotonic time `wait` from now, for use as a deadline; saturates at kNoDeadline.
Nanos deadline_in(Nanos wait);

/// One event loop, to be run by one thread. Everything made on a loop is used by that thread only
/// and is gone before the loop is. Only post() and stop() may be called from elsewhere.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs `main` to its end, and with it all that it awaits; its exception leaves from here. Work
  /// that outlives `main` (a posted function, say) waits for the next run.
  void run(Task<void> main);
  template <class T>
  T run(Task<T> main);

  /// Cancels the `main` that is running: its waits answer kCancelled, and it ends by itself. Asked
  /// for between two runs, it cancels the next one. Any thread, any number of times.
  void stop();

  /// Runs `work` on the loop's thread, soon, in order. Any thread.
  void post(std::function<void()> work);

  /// The time that deadlines are measured in: system_clock().monotonic().
  Nanos now() const { return system_clock().monotonic(); }

  /// For the socket code of this folder.
  boost::asio::io_context& context();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

template <class T>
T Loop::run(Task<T> main) {
  std::optional<T> value;
  const auto keep = [](Task<T> task, std::optional<T>& into) -> Task<void> {
    into = co_await std::move(task);
  };
  run(keep(std::move(main), value));
  return std::move(*value);
}

}  // namespace tocsin::net
