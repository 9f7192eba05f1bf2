#pragma once

#include <cstddef>
#include <memory>

#include "harness/net/loop.h"

namespace tocsin::net {

/// The owner of concurrent coroutines: each is started by a group, and the group is joined before
/// it dies, so that none outlives what it refers to. A coroutine that ends by an exception cancels
/// its siblings, and join() throws it (the first one).
///
///     TaskGroup group(loop);
///     group.spawn(serve(listener));
///     ...
///     group.cancel_all();
///     co_await group.join();
class TaskGroup {
 public:
  explicit TaskGroup(Loop& loop);
  /// The group must be empty by now.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task` soon; never runs it before returning. A task spawned after cancel_all() starts
  /// cancelled: its first wait answers kCancelled.
  void spawn(Task<void> task);

  /// Makes every wait of every member answer kCancelled, now and from now on.
  void cancel_all();

  /// Waits until all have ended, those too that are spawned meanwhile. When the awaiting coroutine
  /// is cancelled itself, the group is cancelled, and join still waits for its members.
  Task<void> join();

  std::size_t size() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tocsin::net
