#include "harness/run/undo_guard.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <map>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/utf8.h"
#include "harness/net/loop.h"

namespace tocsin::run {
namespace {

using nlohmann::json;

int spawn_guard(const std::string& program, int input, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  // Out of reach of the terminal's signals.
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  std::string name = "tocsin";
  std::string word = UndoGuard::kWord;
  std::array<char*, 3> argv = {name.data(), word.data(), nullptr};
  const int failed =
      ::posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  return failed;
}

/// What the guard knows of one fault.
struct Owed {
  std::string fault;
  std::vector<OutsideStep> steps;
  OutsideContext context;
  std::vector<pid_t> groups;
};

class Guard {
 public:
  void take(const json& line) {
    if (line.contains("tls")) {
      net::TlsClientOptions tls;
      line.at("tls").at("verify").get_to(tls.verify);
      line.at("tls").at("ca_file").get_to(tls.ca_file);
      tls_ = tls;
    } else if (line.contains("owe")) {
      Owed& owed = owed_[line.at("owe").get<std::size_t>()];
      owed = {};
      line.at("fault").get_to(owed.fault);
      line.at("folder").get_to(owed.context.folder);
      line.at("environment").get_to(owed.context.environment);
      owed.context.timeout = Nanos(line.at("timeout_ns").get<std::int64_t>());
      for (const json& step : line.at("steps")) owed.steps.push_back(step_from(step));
    } else if (line.contains("started")) {
      owed_[line.at("started").get<std::size_t>()].groups.push_back(line.at("group").get<pid_t>());
    } else if (line.contains("paid")) {
      owed_.erase(line.at("paid").get<std::size_t>());
    }
  }

  /// The last that began first.
  int undo() {
    bool all = true;
    for (auto it = owed_.rbegin(); it != owed_.rend(); ++it) all = undo_one(it->second) && all;
    return all ? 0 : 1;
  }

 private:
  bool undo_one(Owed& owed) {
    for (const pid_t group : owed.groups) {
      if (group > 1) ::kill(-group, SIGKILL);
    }
    bool all = true;
    for (const OutsideStep& step : owed.steps) {
      if (step.call && owed.context.tls == nullptr) owed.context.tls = tls_context();
      static constexpr bool kNever = false;
      net::Loop loop;
      const StepEnd end = loop.run(perform(loop, step, owed.context, kNever, nullptr));
      all = all && end.ok;
      // Not by fmt::print(), which throws when nobody reads any more: there is more to undo.
      const std::string said = fmt::format(
          "tocsin: has ended too early; fault \"{}\" {}: {}: {}\n", printable(owed.fault),
          end.ok ? "is undone" : "IS NOT UNDONE", describe(step), end.words);
      std::fwrite(said.data(), 1, said.size(), stderr);
    }
    return all;
  }

  net::TlsContextPtr tls_context() {
    auto context = net::TlsContext::client(tls_);
    if (context.has_value()) return *context;
    return nullptr;
  }

  net::TlsClientOptions tls_;
  std::map<std::size_t, Owed> owed_;
};

}  // namespace

Result<UndoGuard> UndoGuard::start(const std::string& program, bool verify_tls,
                                   const std::string& ca_file) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return io_error(std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  const FileDescriptor read_end(ends[0]);
  UndoGuard guard;
  guard.pipe_ = FileDescriptor(ends[1]);
  pid_t pid = 0;
  const int failed = spawn_guard(program, ends[0], pid);
  if (failed != 0) {
    return io_error("cannot start the guard that undoes faults, " + program + ": " +
                    std::strerror(failed));
  }
  guard.pid_ = pid;
  guard.tell({{"tls", {{"verify", verify_tls}, {"ca_file", ca_file}}}});
  return guard;
}

UndoGuard::UndoGuard(UndoGuard&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), pipe_(std::move(other.pipe_)) {}

UndoGuard::~UndoGuard() {
  pipe_.close();
  if (pid_ == 0) return;
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void UndoGuard::owe(std::size_t number, const std::string& fault,
                    const std::vector<OutsideStep>& steps, const OutsideContext& context) {
  json line = {{"owe", number},
               {"fault", fault},
               {"folder", context.folder},
               {"environment", context.environment},
               {"timeout_ns", context.timeout.count()}};
  line["steps"] = json::array();
  for (const OutsideStep& step : steps) line["steps"].push_back(step_to_json(step));
  tell(line);
}

void UndoGuard::started(std::size_t number, pid_t group) {
  tell({{"started", number}, {"group", group}});
}

void UndoGuard::paid(std::size_t number) {
  tell({{"paid", number}});
}

/// A guard that somebody has killed is missed, but nothing to fail for.
void UndoGuard::tell(const json& line) {
  const std::string text = line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t written = ::write(pipe_.get(), text.data() + at, text.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;
    at += static_cast<std::size_t>(written);
  }
}

int UndoGuard::serve() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
  Guard guard;
  std::string text;
  while (std::getline(std::cin, text)) {
    const json line = json::parse(text, nullptr, false);
    // A line may be cut short by the end that it is waiting for.
    if (line.is_object()) guard.take(line);
  }
  return guard.undo();
}

}  // namespace tocsin::run
