#include "harness/check/gather.h"

#include <algorithm>
#include <filesystem>

#include "harness/base/file.h"
#include "harness/check/file_kind.h"
#include "harness/rules/rule.h"

namespace tocsin::check {

namespace fs = std::filesystem;

std::string beside(const std::string& path, const char* name) {
  return (fs::path(path).parent_path() / name).lexically_normal().string();
}

std::string identity(const std::string& path) {
  std::error_code ignored;
  return fs::weakly_canonical(path, ignored).string();
}

namespace {

class Gatherer {
 public:
  explicit Gatherer(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void collect(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      if (!fs::exists(path, error)) {
        diagnostics_.add(io_error("no such file or folder: " + path));
        return;
      }
      if (!take_file(fs::path(path).lexically_normal().string())) {
        diagnostics_.add(
            io_error("neither rules, nor a scenario, a contract, a system, a page of metrics, an "
                     "alertmanager.yml or a prometheus.yml: " +
                     path));
      }
      return;
    }
    std::vector<std::string> inside;
    for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
         it.increment(error)) {
      std::error_code ignored;
      if (it->is_regular_file(ignored) && is_yaml(it->path())) {
        inside.push_back(it->path().lexically_normal().string());
      }
    }
    if (error) {
      diagnostics_.add(io_error("cannot search the folder " + path + ": " + error.message()));
      return;
    }
    std::sort(inside.begin(), inside.end());
    // A folder's systems are checked as a whole, so rule files that they do not use are left out.
    std::set<std::string> owned;
    for (const std::string& file : inside) {
      if (fs::path(file).filename() == "system.yaml") {
        owned.insert(fs::path(file).parent_path().string());
      }
    }
    bool any = false;
    for (const std::string& file : inside) {
      any = take_file(file, owned.contains(fs::path(file).parent_path().string())) || any;
    }
    if (!any) diagnostics_.add(io_error("nothing to check in the folder " + path));
  }

  GatheredFiles take() { return std::move(files_); }

 private:
  /// Whether the file is of a kind that can be checked. `owned`: it lies in a system's folder, and
  /// the system names the rules and the alertmanager.yml that it uses.
  bool take_file(const std::string& path, bool owned = false) {
    const auto text = read_file(path, rules::kLargestRuleFile);
    const FileKind kind = text.has_error() ? FileKind::kRules : kind_of(path, *text);
    if (kind == FileKind::kOther) return false;
    const bool named_by_system = kind == FileKind::kRules || kind == FileKind::kAlertmanager ||
                                 kind == FileKind::kPrometheus;
    if (named_by_system && owned) return true;
    if (!files_.is_new(path)) return true;
    switch (kind) {
      case FileKind::kSystem:
        files_.systems.push_back(path);
        break;
      case FileKind::kContract: {
        const std::string system = beside(path, "system.yaml");
        if (!files_.is_new(system)) break;
        files_.systems.push_back(system);
        break;
      }
      case FileKind::kScenario:
        files_.scenarios.push_back(path);
        break;
      case FileKind::kPage:
        files_.pages.push_back(path);
        break;
      case FileKind::kAlertmanager:
        files_.alertmanagers.push_back(path);
        break;
      case FileKind::kPrometheus:
        files_.prometheuses.push_back(path);
        break;
      default:
        files_.rule_files.push_back(path);
    }
    return true;
  }

  Diagnostics& diagnostics_;
  GatheredFiles files_;
};

}  // namespace

GatheredFiles gather_files(const std::vector<std::string>& paths, Diagnostics& diagnostics) {
  Gatherer gatherer(diagnostics);
  for (const std::string& path : paths) gatherer.collect(path);
  return gatherer.take();
}

}  // namespace tocsin::check
