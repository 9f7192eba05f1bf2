#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"

namespace tocsin::stack {

/// How a child ended.
struct ChildEnd {
  int exit_code = 0;  ///< when it ended by itself
  int signal = 0;     ///< when a signal killed it; else 0
};

/// "exit code 2", "killed by signal 9 (Killed)".
std::string to_string(const ChildEnd& end);

struct ChildOptions {
  std::string name;               ///< for messages: "prometheus"
  std::string program;            ///< path
  std::vector<std::string> argv;  ///< arguments without the program itself
  std::string log;                ///< file that its stdout and stderr are appended to
  std::string folder;             ///< where it runs; empty: here
};

/// What an interrupt makes of what is going on, and what a deadline does.
Error cancelled();
Error timed_out(std::string message);

/// A program that this process has started, and that does not outlive it: destruction stops it, and
/// the kernel kills it when the *thread* that started it ends, however that happens. It has a
/// process group of its own, so that an interrupt from the terminal reaches this process only, and
/// none of this process' descriptors. To be used by the thread that started it.
class Child {
 public:
  static Result<Child> start(ChildOptions options);
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;

  pid_t pid() const { return pid_; }
  const ChildOptions& options() const { return options_; }
  /// How it ended, if it has; collects a child that has.
  std::optional<ChildEnd> ended();
  /// Asks it to end (SIGTERM), and kills it when it has not after `patience`. Nothing of it is left
  /// on return.
  ChildEnd stop(Nanos patience);
  /// Kills it at once.
  void kill();

  /// What it said last, at most so many lines, on one: "first | second".
  std::string last_lines(std::size_t lines = 8) const;
  /// What it said that sounds like the reason of its end, likewise: how it panicked, else lines of
  /// level "error" or worse or without any level, else its last lines. Without times and places in
  /// its source.
  std::string own_words(std::size_t lines = 4) const;

 private:
  Child() = default;

  ChildOptions options_;
  pid_t pid_ = 0;  ///< 0: none
  std::optional<ChildEnd> end_;
};

}  // namespace tocsin::stack
