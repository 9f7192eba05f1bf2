#pragma once

#include <coroutine>
#include <exception>
#include <set>

/// The least coroutine that can be awaited, and a value that knows when it is destroyed twice.

struct Task {
  struct promise_type {
    std::coroutine_handle<> waiter = std::noop_coroutine();
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct Resume {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
          return self.promise().waiter;
        }
        void await_resume() noexcept {}
      };
      return Resume{};
    }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };

  std::coroutine_handle<promise_type> handle;

  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) {
    handle.promise().waiter = waiter;
    return handle;
  }
  void await_resume() { handle.destroy(); }
};

class Tracked {
 public:
  Tracked() { alive().insert(this); }
  Tracked(const Tracked&) : Tracked() {}
  Tracked(Tracked&&) noexcept : Tracked() {}
  Tracked& operator=(const Tracked&) = default;
  ~Tracked() {
    if (alive().erase(this) == 0) ++destroyed_twice();
  }

  static std::set<const void*>& alive() {
    static std::set<const void*> set;
    return set;
  }
  static int& destroyed_twice() {
    static int count = 0;
    return count;
  }
};

/// Runs `task` to its end. 0 when every value was destroyed exactly once.
inline int verdict(Task task) {
  task.handle.resume();
  task.handle.destroy();
  return Tracked::destroyed_twice() == 0 && Tracked::alive().empty() ? 0 : 1;
}
