#include "harness/stack/program.h"

#include <cstdlib>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/stack/child.h"
#include "harness/stack/run_folder.h"

namespace tocsin::stack {
namespace {

constexpr auto kVersionPatience = std::chrono::seconds(20);

struct Known {
  const char* name;
  std::vector<const char*> files;
  const char* package;
  const char* flag;
};

const Known& known(ProgramKind kind) {
  static const Known prometheus = {"Prometheus", {"prometheus"}, "prometheus", "--prometheus-bin"};
  static const Known alertmanager = {"Alertmanager",
                                     {"prometheus-alertmanager", "alertmanager"},
                                     "prometheus-alertmanager",
                                     "--alertmanager-bin"};
  return kind == ProgramKind::kPrometheus ? prometheus : alertmanager;
}

bool is_program(const std::string& path) {
  struct stat file {};
  return ::stat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::string in_path(const std::string& file) {
  const char* path = std::getenv("PATH");
  std::string folders = path == nullptr ? "/usr/bin:/bin" : path;
  folders += ':';
  for (std::size_t at = 0; at < folders.size();) {
    const std::size_t end = folders.find(':', at);
    const std::string folder = folders.substr(at, end - at);
    if (!folder.empty() && is_program(folder + '/' + file)) return folder + '/' + file;
    at = end + 1;
  }
  return {};
}

Result<std::string> path_of(const Known& program, const std::string& given) {
  if (given.empty()) {
    std::string tried;
    for (const char* file : program.files) {
      std::string found = in_path(file);
      if (!found.empty()) return found;
      tried += (tried.empty() ? "" : " or ") + std::string(file);
    }
    Error error =
        input_error({}, fmt::format("{} is not installed: no {} in PATH", program.name, tried));
    error.hints.push_back(fmt::format("Debian's package is {}; {} names a file elsewhere",
                                      program.package, program.flag));
    return error;
  }
  if (given.find('/') == std::string::npos) {
    std::string found = in_path(given);
    if (!found.empty()) return found;
  }
  if (!is_program(given)) {
    return input_error({}, fmt::format("{} {}: there is no such program", program.flag, given));
  }
  return given;
}

/// What it prints for --version.
Result<std::string> version_output(const std::string& path) {
  TRY(const RunFolder folder, RunFolder::make());
  TRY(Child child, Child::start({path, path, {"--version"}, folder.path("version"), {}}));
  const Nanos deadline = system_clock().monotonic() + kVersionPatience;
  while (!child.ended() && system_clock().monotonic() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  child.kill();
  return read_file(folder.path("version"), 1 << 20);
}

}  // namespace

std::string version_in(const std::string& output) {
  constexpr std::string_view kWord = "version ";
  const std::string line = output.substr(0, output.find('\n'));
  const std::size_t at = line.find(kWord);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + kWord.size();
  return line.substr(begin, line.find_first_of(" ,(", begin) - begin);
}

std::pair<int, int> version_numbers(const std::string& version) {
  std::pair<int, int> numbers{0, 0};
  const std::size_t begin = version.starts_with('v') ? 1 : 0;
  std::sscanf(version.c_str() + begin, "%d.%d", &numbers.first, &numbers.second);
  return numbers;
}

Result<Program> find_program(ProgramKind kind, const std::string& given) {
  const Known& sought = known(kind);
  Program program;
  program.name = sought.files.front();
  TRY(program.path, path_of(sought, given));
  TRY(const std::string output, version_output(program.path));
  program.version = version_in(output);
  if (program.version.empty() || output.find(sought.files.back()) == std::string::npos) {
    return input_error(
        {}, fmt::format("{} is no {}: asked for its version it says \"{}\"", program.path,
                        sought.name, output.substr(0, output.find('\n'))));
  }
  std::tie(program.major, program.minor) = version_numbers(program.version);
  return program;
}

}  // namespace tocsin::stack
