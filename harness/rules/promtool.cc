#include "harness/rules/promtool.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <sys/wait.h>

#include "harness/base/scratch_folder.h"

namespace tocsin::rules {

bool has_promtool() {
  static const bool found = std::system("promtool --version >/dev/null 2>&1") == 0;
  return found;
}

PromtoolRun run_promtool(const std::string& arguments,
                         const std::vector<std::pair<std::string, std::string>>& files) {
  const ScratchFolder folder;
  for (const auto& [name, text] : files) folder.write(name, text);
  PromtoolRun run;
  const std::string command = "cd " + folder.path() + " && promtool " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  std::array<char, 4096> buffer;
  while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) {
    run.output.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return run;
}

}  // namespace tocsin::rules
