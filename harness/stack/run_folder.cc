#include "harness/stack/run_folder.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace tocsin::stack {
namespace {

/// Reads until this process closes the pipe or is gone. Children that are just being killed may
/// still write, so it tries for a while.
constexpr const char* kKeeper =
    "trap '' INT TERM HUP QUIT; IFS= read -r word; [ \"$word\" = keep ] && exit 0; n=0; "
    "until rm -rf -- \"$0\" 2>/dev/null || [ $n -ge 50 ]; do n=$((n + 1)); sleep 0.1; done";

Error system_trouble(const std::string& what, int error) {
  return io_error(what + ": " + std::strerror(error));
}

/// As posix_spawn's settings: a session of its own and none of our descriptors.
class SpawnSettings {
 public:
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  void read_from(int fd) {
    ::posix_spawn_file_actions_adddup2(&actions_, fd, STDIN_FILENO);
    for (const int out : {STDOUT_FILENO, STDERR_FILENO}) {
      ::posix_spawn_file_actions_addopen(&actions_, out, "/dev/null", O_WRONLY, 0);
    }
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<RunFolder> RunFolder::make() {
  std::error_code failed;
  std::filesystem::path top = std::filesystem::temp_directory_path(failed);
  if (failed) return io_error("no temporary folder: " + failed.message());
  std::string pattern = (top / "tocsin-stack-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return system_trouble("cannot make a folder in " + top.string(), errno);
  }
  RunFolder folder(std::move(pattern));
  TRY_VOID(folder.start_keeper());
  return folder;
}

Result<void> RunFolder::start_keeper() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_trouble("cannot make a pipe", errno);
  SpawnSettings settings;
  settings.read_from(ends[0]);
  std::string shell = "sh";
  std::string option = "-c";
  std::string script = kKeeper;
  std::array<char*, 5> argv = {shell.data(), option.data(), script.data(), path_.data(), nullptr};
  const int failed = ::posix_spawn(&keeper_, "/bin/sh", settings.actions(), settings.attributes(),
                                   argv.data(), environ);
  ::close(ends[0]);
  to_keeper_ = ends[1];
  if (failed != 0) {
    keeper_ = 0;
    return system_trouble("cannot start /bin/sh", failed);
  }
  return {};
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      kept_(other.kept_),
      keeper_(std::exchange(other.keeper_, 0)),
      to_keeper_(std::exchange(other.to_keeper_, -1)) {}

RunFolder::~RunFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  if (!kept_) std::filesystem::remove_all(path_, ignored);
  if (keeper_ == 0) return;
  if (kept_) {
    // Whoever has killed the keeper is not a reason to die of SIGPIPE.
    ::signal(SIGPIPE, SIG_IGN);
    [[maybe_unused]] const auto written = ::write(to_keeper_, "keep\n", 5);
  }
  ::close(to_keeper_);
  while (::waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace tocsin::stack
