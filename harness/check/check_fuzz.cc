#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "harness/base/scratch_folder.h"
#include "harness/check/report.h"
#include "harness/check/run.h"

/// libFuzzer target: whatever a folder's files hold, there is a report. The input is files one
/// after another, each below a line "== NAME"; without such lines it is a rule file.

namespace {

constexpr std::array<std::string_view, 7> kNames = {
    "rules.yml",        "system.yaml",    "contract.yaml", "scenario.yaml",
    "alertmanager.yml", "prometheus.yml", "page.prom"};

/// The nearest of the names, so that a header that was mangled begins a file still.
std::string known_name(std::string_view name) {
  for (const std::string_view known : kNames) {
    if (!name.empty() && known[0] == name[0]) return std::string(known);
  }
  return std::string(kNames[name.size() % kNames.size()]);
}

std::map<std::string, std::string> files_in(std::string_view text) {
  std::map<std::string, std::string> files;
  std::string name(kNames[0]);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("== ")) {
      name = known_name(line.substr(3));
    } else {
      files[name] += std::string(line) + '\n';
    }
  }
  return files;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  static const ScratchFolder folder;
  check::CheckOptions options;
  for (const std::string_view name : kNames) {
    std::error_code ignored;
    std::filesystem::remove(folder.path(name), ignored);
  }
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& [name, content] : files_in(text)) {
    folder.write(name, content);
    if (name == "page.prom") options.paths.push_back(folder.path(name));
  }
  options.paths.push_back(folder.path());
  Diagnostics diagnostics;
  const check::CheckReport report = check::run_checks(options, diagnostics);
  diagnostics.render();
  check::render_text(report, {});
  check::render_json(report, "0");
  check::render_sarif(report, "0", check::Severity::kInfo);
  check::render_junit(report, check::Severity::kWarning);
  check::render_code_quality(report, check::Severity::kInfo);
  return 0;
}
