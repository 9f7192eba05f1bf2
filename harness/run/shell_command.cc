#include "harness/run/shell_command.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/utf8.h"

namespace tocsin::run {
namespace {

constexpr std::size_t kWordsTail = 4 << 10;
constexpr std::size_t kMostLines = 4;
constexpr std::size_t kLongestWords = 500;
/// A command that talks more than this is forgotten in part.
constexpr off_t kMostOutput = 16 << 20;

/// A file without a name: what goes on in the background may write to it as long as it likes,
/// which it may not to a pipe that nobody reads.
FileDescriptor open_output() {
  std::error_code failed;
  const std::filesystem::path top = std::filesystem::temp_directory_path(failed);
  if (!failed) {
    std::string pattern = (top / "tocsin-output-XXXXXX").string();
    const int fd = ::mkostemp(pattern.data(), O_APPEND | O_CLOEXEC);
    if (fd >= 0) {
      ::unlink(pattern.c_str());
      return FileDescriptor(fd);
    }
  }
  FileDescriptor memory(::memfd_create("tocsin-output", MFD_CLOEXEC));
  ::fcntl(memory.get(), F_SETFL, O_APPEND);
  return memory;
}

/// What posix_spawn wants to know.
class ShellSpawn {
 public:
  ShellSpawn() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    // Those that this process ignores would be ignored by the command as well.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ}) {
      ::sigaddset(&signals, signal);
    }
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~ShellSpawn() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  ShellSpawn(const ShellSpawn&) = delete;
  ShellSpawn& operator=(const ShellSpawn&) = delete;

  int spawn(const ShellSetup& setup, int output, pid_t& pid) {
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    if (!setup.folder.empty()) {
      ::posix_spawn_file_actions_addchdir_np(&actions_, setup.folder.c_str());
    }
    std::vector<std::string> own;
    for (const auto& [name, value] : setup.environment) own.push_back(name + "=" + value);
    // Of two variables of a name, shells take the last.
    const auto is_own = [&](std::string_view inherited) {
      return std::any_of(setup.environment.begin(), setup.environment.end(),
                         [&](const auto& one) { return inherited.starts_with(one.first + "="); });
    };
    std::vector<char*> environment;
    for (std::string& variable : own) environment.push_back(variable.data());
    for (char** variable = environ; *variable != nullptr; ++variable) {
      if (!is_own(*variable)) environment.push_back(*variable);
    }
    environment.push_back(nullptr);
    std::string shell = "sh";
    std::string option = "-c";
    std::string command = setup.command;
    std::array<char*, 4> argv = {shell.data(), option.data(), command.data(), nullptr};
    return ::posix_spawn(&pid, "/bin/sh", &actions_, &attributes_, argv.data(), environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<ShellCommand> ShellCommand::start(const ShellSetup& setup) {
  ShellCommand command;
  command.output_ = open_output();
  if (command.output_.get() < 0) {
    return io_error(std::string("cannot make a file for its output: ") + std::strerror(errno));
  }
  pid_t pid = 0;
  const int failed = ShellSpawn().spawn(setup, command.output_.get(), pid);
  if (failed != 0) return io_error(std::string("cannot start /bin/sh: ") + std::strerror(failed));
  command.pid_ = pid;
  return command;
}

ShellCommand::~ShellCommand() {
  kill();
}

ShellCommand::ShellCommand(ShellCommand&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), end_(other.end_), output_(std::move(other.output_)) {}

ShellCommand& ShellCommand::operator=(ShellCommand&& other) noexcept {
  if (this == &other) return *this;
  kill();
  pid_ = std::exchange(other.pid_, 0);
  end_ = other.end_;
  output_ = std::move(other.output_);
  return *this;
}

std::optional<stack::ChildEnd> ShellCommand::ended() {
  if (end_ || pid_ == 0) return end_;
  if (::lseek(output_.get(), 0, SEEK_END) > kMostOutput) {
    [[maybe_unused]] const int cut = ::ftruncate(output_.get(), 0);
  }
  siginfo_t info{};
  const int found = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  if (found != 0 || info.si_pid != pid_) return end_;
  end_.emplace();
  (info.si_code == CLD_EXITED ? end_->exit_code : end_->signal) = info.si_status;
  return end_;
}

void ShellCommand::terminate() {
  if (pid_ != 0) ::kill(-pid_, SIGTERM);
}

void ShellCommand::kill() {
  if (pid_ == 0) return;
  ::kill(-pid_, SIGKILL);
  collect();
}

void ShellCommand::let_go() {
  if (pid_ != 0) collect();
}

void ShellCommand::collect() {
  int status = 0;
  pid_t found = 0;
  while ((found = ::waitpid(pid_, &status, 0)) < 0 && errno == EINTR) {
  }
  if (found == pid_ && !end_) {
    end_.emplace();
    (WIFSIGNALED(status) ? end_->signal : end_->exit_code) =
        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  }
  pid_ = 0;
}

std::string ShellCommand::last_words() const {
  const off_t size = ::lseek(output_.get(), 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(kWordsTail));
  std::string text(static_cast<std::size_t>(std::max<off_t>(0, size - from)), '\0');
  const ssize_t got = ::pread(output_.get(), text.data(), text.size(), from);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  std::deque<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) lines.push_back(printable(line));
    if (lines.size() > kMostLines) lines.pop_front();
    at = end + 1;
  }
  std::string words;
  for (const std::string& line : lines) words += (words.empty() ? "" : " | ") + line;
  if (words.size() <= kLongestWords) return words;
  // The end says more than the beginning. Never within a character.
  std::size_t cut = words.size() - kLongestWords;
  while (cut < words.size() && (static_cast<unsigned char>(words[cut]) & 0xC0) == 0x80) ++cut;
  return "…" + words.substr(cut);
}

}  // namespace tocsin::run
