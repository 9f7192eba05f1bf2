#include "harness/stack/child.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"

namespace tocsin::stack {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(5);
constexpr std::size_t kLogTail = 64 << 10;
constexpr std::size_t kLongestLine = 500;

/// What happened between fork and exec.
struct StartFailure {
  int error = 0;
  enum Step { kLog, kFolder, kProgram } step = kProgram;
};

void close_from(int first) {
  if (::syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  const long most = ::sysconf(_SC_OPEN_MAX);
  for (int fd = first; fd < most; ++fd) ::close(fd);
}

[[noreturn]] void report_failure(int pipe, StartFailure::Step step) {
  const StartFailure failure{errno, step};
  [[maybe_unused]] const auto written = ::write(pipe, &failure, sizeof failure);
  ::_exit(127);
}

/// The child's side: calls only what may be called between fork and exec.
[[noreturn]] void become(const ChildOptions& options, char* const* argv, pid_t parent, int pipe) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_DFL);
  const int log =
      ::open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (log < 0) report_failure(pipe, StartFailure::kLog);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) {
    report_failure(pipe, StartFailure::kFolder);
  }
  // The pipe moves to 3, and closes itself when the program begins.
  if (pipe != 3) ::dup2(pipe, 3);
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  close_from(4);
  ::execv(options.program.c_str(), argv);
  report_failure(3, StartFailure::kProgram);
}

std::string words_of(const StartFailure& failure, const ChildOptions& options) {
  const std::string reason = std::strerror(failure.error);
  switch (failure.step) {
    case StartFailure::kLog:
      return "cannot write " + options.log + ": " + reason;
    case StartFailure::kFolder:
      return "cannot enter " + options.folder + ": " + reason;
    case StartFailure::kProgram:
      break;
  }
  return "cannot start " + options.program + ": " + reason;
}

ChildEnd end_of(int status) {
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

/// The last lines of a file that may be long.
std::deque<std::string> tail_of(const std::string& path) {
  std::deque<std::string> lines;
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return lines;
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(kLogTail));
  std::string text(static_cast<std::size_t>(size - from), '\0');
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), from);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) lines.push_back(text.substr(at, std::min(end - at, kLongestLine)));
    at = end + 1;
  }
  return lines;
}

std::string join(const std::deque<std::string>& lines, std::size_t most) {
  std::string text;
  for (std::size_t i = lines.size() > most ? lines.size() - most : 0; i < lines.size(); ++i) {
    if (!text.empty()) text += " | ";
    text += lines[i];
  }
  return text;
}

bool is_panic(const std::string& line) {
  return line.starts_with("panic: ") || line.starts_with("fatal error: ");
}

/// A log line from its message on.
std::string message_of(const std::string& line) {
  const std::size_t at = line.find(" msg=");
  const bool is_log = at != std::string::npos && line.find("level=") < at;
  return is_log ? line.substr(at + 1) : line;
}

/// Go programs log with levels; a panic, a flag's error and the runtime's last words have none.
bool is_trouble(const std::string& line) {
  const auto has = [&](const char* word) { return line.find(word) != std::string::npos; };
  if (has("level=error") || has("level=ERROR") || has("level=fatal")) return true;
  return !has("level=");
}

}  // namespace

Error cancelled() {
  Error error = io_error("interrupted");
  error.kind = ErrorKind::kCancelled;
  return error;
}

Error timed_out(std::string message) {
  Error error = io_error(std::move(message));
  error.kind = ErrorKind::kTimeout;
  return error;
}

std::string to_string(const ChildEnd& end) {
  if (end.signal == 0) return fmt::format("exit code {}", end.exit_code);
  return fmt::format("killed by signal {} ({})", end.signal, ::strsignal(end.signal));
}

Result<Child> Child::start(ChildOptions options) {
  // All memory is taken before the fork.
  std::vector<char*> argv = {options.program.data()};
  for (std::string& argument : options.argv) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return io_error(std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  const FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    return io_error("cannot start " + options.program + ": " + std::strerror(errno));
  }
  if (pid == 0) become(options, argv.data(), parent, ends[1]);
  write_end.close();
  Child child;
  child.pid_ = pid;
  child.options_ = std::move(options);
  StartFailure failure;
  ssize_t got = 0;
  while ((got = ::read(read_end.get(), &failure, sizeof failure)) < 0 && errno == EINTR) {
  }
  if (got == sizeof failure) return io_error(words_of(failure, child.options_));
  return child;
}

Child::~Child() {
  kill();
}

Child::Child(Child&& other) noexcept
    : options_(std::move(other.options_)), pid_(std::exchange(other.pid_, 0)), end_(other.end_) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  kill();
  options_ = std::move(other.options_);
  pid_ = std::exchange(other.pid_, 0);
  end_ = other.end_;
  return *this;
}

std::optional<ChildEnd> Child::ended() {
  if (end_ || pid_ == 0) return end_;
  int status = 0;
  const pid_t found = ::waitpid(pid_, &status, WNOHANG);
  if (found == pid_) end_ = end_of(status);
  if (found < 0 && errno == ECHILD) end_ = ChildEnd{};
  // What it may have started itself.
  if (end_) ::kill(-pid_, SIGKILL);
  return end_;
}

ChildEnd Child::stop(Nanos patience) {
  if (pid_ == 0) return end_.value_or(ChildEnd{});
  if (!ended()) ::kill(pid_, SIGTERM);
  const Nanos deadline = system_clock().monotonic() + patience;
  while (!ended() && system_clock().monotonic() < deadline) std::this_thread::sleep_for(kPoll);
  kill();
  return *end_;
}

void Child::kill() {
  if (pid_ == 0 || ended()) return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  end_ = end_of(status);
}

std::string Child::last_lines(std::size_t lines) const {
  return join(tail_of(options_.log), lines);
}

std::string Child::own_words(std::size_t lines) const {
  const std::deque<std::string> all = tail_of(options_.log);
  std::deque<std::string> trouble;
  for (const std::string& line : all) {
    if (is_panic(line)) return line;
    if (is_trouble(line)) trouble.push_back(message_of(line));
  }
  return join(trouble.empty() ? all : trouble, lines);
}

}  // namespace tocsin::stack
