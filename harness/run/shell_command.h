#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/stack/child.h"

namespace tocsin::run {

struct ShellSetup {
  std::string command;
  std::string folder;                                            ///< where it runs; empty: here
  std::vector<std::pair<std::string, std::string>> environment;  ///< beside this process' own
};

/// A command of /bin/sh in a session of its own, so that an interrupt from the terminal reaches
/// this process only and the command is ended in good order. What it starts in the background goes
/// on when it has ended. It does not hear of this process' end.
class ShellCommand {
 public:
  static Result<ShellCommand> start(const ShellSetup& setup);
  /// Kills it, unless it has ended and was let go.
  ~ShellCommand();
  ShellCommand(ShellCommand&& other) noexcept;
  ShellCommand& operator=(ShellCommand&& other) noexcept;

  /// Also of its process group.
  pid_t pid() const { return pid_; }
  /// How the shell ended, if it has. It is collected by let_go() or kill() only, so that its group
  /// keeps its number until then.
  std::optional<stack::ChildEnd> ended();
  /// Asks all of its group to end (SIGTERM).
  void terminate();
  /// Kills all of its group that is left.
  void kill();
  /// Leaves what it has started in the background to itself. To be called when it has ended.
  void let_go();
  /// What it said last on stdout and stderr, on one line: "first | second"; empty: nothing.
  std::string last_words() const;

 private:
  ShellCommand() = default;
  void collect();

  pid_t pid_ = 0;  ///< 0: none
  std::optional<stack::ChildEnd> end_;
  FileDescriptor output_;
};

}  // namespace tocsin::run
