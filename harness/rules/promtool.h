#pragma once

#include <string>
#include <vector>

/// The installed promtool, for tests that compare with it.

namespace tocsin::rules {

bool has_promtool();

struct PromtoolRun {
  int exit_code = 0;
  std::string output;
};
/// Writes the files (name, text) into a folder of its own and runs promtool there.
PromtoolRun run_promtool(const std::string& arguments,
                         const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace tocsin::rules
