#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "harness/base/error.h"

namespace tocsin {

/// The whole file, at most `limit_bytes` of it allowed. Errors name the file and the system's
/// reason.
Result<std::string> read_file(const std::string& path, std::size_t limit_bytes = 1ULL << 30);

/// Owns an open file.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept { *this = std::move(other); }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { close(); }
  int get() const { return fd_; }  ///< negative: none
  int close();                     ///< as close(2); 0 when there is none

 private:
  int fd_ = -1;
};

/// A file under a temporary name in its folder until commit(), which flushes it to disk and
/// renames: readers see the old file or the whole new one. Makes missing folders. Without commit()
/// nothing is left behind. Devices and pipes (/dev/stdout) are written in place, as they come; a
/// link stays and its target is replaced.
class NewFile {
 public:
  static Result<NewFile> create(const std::string& path);
  NewFile(NewFile&&) noexcept = default;
  ~NewFile();

  Result<void> write(std::string_view bytes);
  Result<void> commit();

 private:
  NewFile() = default;

  std::string path_;         ///< as given, for messages
  std::string destination_;  ///< what commit() replaces
  std::string temporary_;    ///< empty when written in place
  FileDescriptor file_;
};

/// A NewFile with these bytes.
Result<void> write_file_atomically(const std::string& path, std::string_view bytes);

}  // namespace tocsin
