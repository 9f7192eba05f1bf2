#pragma once

#include <string>
#include <sys/types.h>

#include "harness/base/error.h"

namespace tocsin::stack {

/// A temporary folder for the files of programs that this process starts. It goes with its owner,
/// and also when this process is killed: a shell waits for its end and removes it then.
class RunFolder {
 public:
  /// In TMPDIR, or /tmp.
  static Result<RunFolder> make();
  ~RunFolder();
  RunFolder(RunFolder&& other) noexcept;
  RunFolder& operator=(RunFolder&&) = delete;

  const std::string& path() const { return path_; }
  std::string path(std::string_view name) const { return path_ + '/' + std::string(name); }
  /// It stays.
  void keep() { kept_ = true; }

 private:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}
  Result<void> start_keeper();

  std::string path_;
  bool kept_ = false;
  pid_t keeper_ = 0;
  int to_keeper_ = -1;
};

}  // namespace tocsin::stack
