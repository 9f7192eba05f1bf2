#include "harness/base/file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tocsin {
namespace {

Error errno_error(std::string_view doing, const std::string& path) {
  return io_error(std::string(doing) + " " + path + ": " + std::strerror(errno));
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file, bytes.data(), bytes.size());
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

/// The file that a link leads to, so that the link stays; any other path as it is.
std::string behind_link(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const std::filesystem::path target = std::filesystem::canonical(path, error);
  return error ? path : target.string();
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

int FileDescriptor::close() {
  const int fd = std::exchange(fd_, -1);
  return fd >= 0 ? ::close(fd) : 0;
}

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

Result<NewFile> NewFile::create(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return io_error("cannot write " + path + ": " + error.message());
  }
  NewFile created;
  created.path_ = path;
  if (is_device_or_pipe(path)) {
    created.file_ = FileDescriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  } else {
    created.destination_ = behind_link(path);
    created.temporary_ = created.destination_ + ".XXXXXX";
    created.file_ = FileDescriptor(::mkostemp(created.temporary_.data(), O_CLOEXEC));
  }
  if (created.file_.get() < 0) return errno_error("cannot write", path);
  return created;
}

NewFile::~NewFile() {
  if (file_.get() >= 0 && !temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> NewFile::write(std::string_view bytes) {
  if (!write_all(file_.get(), bytes)) return errno_error("cannot write", path_);
  return {};
}

Result<void> NewFile::commit() {
  if (!temporary_.empty()) {
    if (::fchmod(file_.get(), 0644) != 0 || ::fsync(file_.get()) != 0 ||
        ::rename(temporary_.c_str(), destination_.c_str()) != 0) {
      return errno_error("cannot write", path_);
    }
    temporary_.clear();
  }
  if (file_.close() != 0) return errno_error("cannot write", path_);
  return {};
}

Result<void> write_file_atomically(const std::string& path, std::string_view bytes) {
  TRY(NewFile file, NewFile::create(path));
  TRY_VOID(file.write(bytes));
  return file.commit();
}

}  // namespace tocsin
