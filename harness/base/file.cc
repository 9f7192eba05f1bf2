#include "harness/base/file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace tocsin {
namespace {

Error errno_error(std::string_view doing, const std::string& path) {
  return io_error(std::string(doing) + " " + path + ": " + std::strerror(errno));
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { close(); }
  int get() const { return fd_; }
  int close() {
    const int fd = fd_;
    fd_ = -1;
    return fd >= 0 ? ::close(fd) : 0;
  }

 private:
  int fd_;
};

bool write_all(const FileDescriptor& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

/// /dev/stdout, /dev/null, a named pipe: a rename would put a file in its place.
bool is_device_or_pipe(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

Result<void> write_in_place(const std::string& path, std::string_view bytes) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0 || !write_all(file, bytes)) return errno_error("cannot write", path);
  return {};
}

/// The file that a link leads to, so that the link stays; any other path as it is.
std::string behind_link(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const std::filesystem::path target = std::filesystem::canonical(path, error);
  return error ? path : target.string();
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit_bytes) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return errno_error("cannot open", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return errno_error("cannot read", path);
  if (S_ISDIR(info.st_mode)) return io_error("cannot read " + path + ": it is a folder");
  std::string bytes;
  std::size_t filled = 0;
  bytes.resize(std::min<std::size_t>(limit_bytes, static_cast<std::size_t>(info.st_size)) + 1);
  while (true) {
    if (filled == bytes.size()) bytes.resize(bytes.size() * 2);
    const ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("cannot read", path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > limit_bytes) {
      Error error = io_error(path + " is larger than " + std::to_string(limit_bytes) + " bytes");
      error.kind = ErrorKind::kLimit;
      return error;
    }
  }
  bytes.resize(filled);
  return bytes;
}

Result<void> write_file_atomically(const std::string& path, std::string_view bytes) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return io_error("cannot make folder " + folder.string() + ": " + error.message());
  }
  if (is_device_or_pipe(path)) return write_in_place(path, bytes);
  const std::string destination = behind_link(path);
  std::string temporary = destination + ".XXXXXX";
  FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) return errno_error("cannot write", path);
  const auto fail = [&] {
    Error error = errno_error("cannot write", path);
    ::unlink(temporary.c_str());
    return error;
  };
  if (!write_all(file, bytes)) return fail();
  if (::fchmod(file.get(), 0644) != 0 || ::fsync(file.get()) != 0 || file.close() != 0)
    return fail();
  if (::rename(temporary.c_str(), destination.c_str()) != 0) return fail();
  return {};
}

}  // namespace tocsin
