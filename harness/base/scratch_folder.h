#pragma once

#include <filesystem>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <system_error>

#include "harness/base/check.h"
#include "harness/base/file.h"

namespace tocsin {

/// For tests: an empty folder that goes with its owner, together with whatever is in it then. What
/// a program that still ends removes at the same time is no trouble.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tocsin-XXXXXX").string();
    TOCSIN_CHECK(::mkdtemp(pattern.data()) != nullptr, "no temporary folder");
    path_ = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  /// Of a file in it, whether it exists or not.
  std::string path(std::string_view name) const { return path_ + '/' + std::string(name); }
  /// Writes a file in it, with missing folders.
  void write(std::string_view name, std::string_view text) const {
    write_file_atomically(path(name), text).value();
  }

 private:
  std::string path_;
};

}  // namespace tocsin
