#pragma once

#include <cstddef>
#include <string>
#include <sys/types.h>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/run/outside_step.h"

namespace tocsin::run {

/// A process that undoes what this one no longer can: when this one is killed, or crashes, or is
/// interrupted a second time. It learns of each fault's undoing before the fault begins, and waits
/// for the end of a pipe.
class UndoGuard {
 public:
  /// The word after which `program` becomes a guard: see serve().
  static constexpr const char* kWord = "__undo-guard";

  /// `program`: this program's file. TLS settings are for calls.
  static Result<UndoGuard> start(const std::string& program, bool verify_tls,
                                 const std::string& ca_file);
  /// To be called when all is paid: what is not, is undone now. Waits for it.
  ~UndoGuard();
  UndoGuard(UndoGuard&& other) noexcept;
  UndoGuard& operator=(UndoGuard&&) = delete;

  /// From now on `steps` are owed under this number; `fault` is for messages.
  void owe(std::size_t number, const std::string& fault, const std::vector<OutsideStep>& steps,
           const OutsideContext& context);
  /// What of the commands that began it must be killed before: a process group.
  void started(std::size_t number, pid_t group);
  /// Nothing is owed under this number any more.
  void paid(std::size_t number);

  /// The guard's own life; what it has to say goes to stderr.
  static int serve();

 private:
  UndoGuard() = default;
  void tell(const nlohmann::json& line);

  pid_t pid_ = 0;
  FileDescriptor pipe_;
};

}  // namespace tocsin::run
