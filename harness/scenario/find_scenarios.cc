#include <algorithm>
#include <filesystem>
#include <set>

#include "harness/base/file.h"
#include "harness/scenario/load.h"
#include "harness/yaml/parse.h"

namespace tocsin::scenario {
namespace {

namespace fs = std::filesystem;

/// By its top-level keys as text: a scenario that is no valid YAML, or cannot be read, must be
/// found too, or nobody would hear of its problem.
bool looks_like_scenario(const std::string& path) {
  const auto text = read_file(path, yaml::kLargestFile);
  if (text.has_error()) return text.error().kind == ErrorKind::kIo;
  const auto has_key = [&](std::string_view key) {
    const std::string at_line_start = "\n" + std::string(key) + ":";
    return text->starts_with(at_line_start.substr(1)) ||
           text->find(at_line_start) != std::string::npos;
  };
  // A contract may have `include` and `traffic`, too.
  if (has_key("contract")) return false;
  return (has_key("system") || has_key("include")) &&
         (has_key("expect") || has_key("traffic") || has_key("from_contract"));
}

}  // namespace

std::vector<std::string> find_scenarios(const std::vector<std::string>& paths,
                                        Diagnostics& diagnostics) {
  std::vector<std::string> found;
  std::set<std::string> known;
  const auto add = [&](const fs::path& path) {
    std::error_code ignored;
    const std::string identity = fs::weakly_canonical(path, ignored).string();
    if (known.insert(identity).second) found.push_back(path.lexically_normal().string());
  };
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      if (fs::exists(path, error)) {
        add(path);
      } else {
        diagnostics.add(io_error("no such file or folder: " + path));
      }
      continue;
    }
    std::vector<std::string> inside;
    for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
         it.increment(error)) {
      const std::string file = it->path().string();
      std::error_code ignored;
      if (it->path().extension() == ".yaml" && it->is_regular_file(ignored) &&
          looks_like_scenario(file)) {
        inside.push_back(file);
      }
    }
    std::sort(inside.begin(), inside.end());
    if (error) {
      diagnostics.add(io_error("cannot search the folder " + path + ": " + error.message()));
    } else if (inside.empty()) {
      diagnostics.add(io_error("no scenario in the folder " + path));
    }
    for (const std::string& file : inside) add(file);
  }
  return found;
}

}  // namespace tocsin::scenario
