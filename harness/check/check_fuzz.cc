#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include "harness/base/scratch_folder.h"
#include "harness/check/report.h"
#include "harness/check/run.h"
#include "harness/scenario/load.h"

/// libFuzzer target: whatever a folder's files hold, there is a report. The input is files one
/// after another, each below a line "== NAME"; without such lines it is a rule file.
///
/// Asking the models of a system what they export takes milliseconds, so only one input in sixteen
/// is checked as a whole system; of the others the system is read, and the rest checked against a
/// page of metrics. Which it is depends on the input alone: what crashed crashes again.

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> kNames = {
    "rules.yml",        "system.yaml",    "contract.yaml", "scenario.yaml",
    "alertmanager.yml", "prometheus.yml", "page.prom"};

constexpr std::string_view kPage = R"(# TYPE requests_total counter
requests_total{method="GET",status_code="200"} 100
requests_total{method="GET",status_code="500"} 2
# TYPE request_duration_seconds histogram
request_duration_seconds_bucket{le="0.1"} 90
request_duration_seconds_bucket{le="+Inf"} 102
request_duration_seconds_sum 9.5
request_duration_seconds_count 102
# TYPE latency_ms summary
latency_ms{quantile="0.99"} 42
latency_ms_sum 900
latency_ms_count 102
# TYPE queue_length gauge
queue_length{queue="mail"} 4
# TYPE memory_used_percent gauge
memory_used_percent 45.2
)";

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

/// FNV-1a.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return hash;
}

/// In memory where there is such a place: disks take longer than checks.
class Folder {
 public:
  Folder() {
    const fs::path memory = "/dev/shm";
    std::error_code ignored;
    if (fs::is_directory(memory, ignored)) {
      path_ = memory / fs::path(scratch_.path()).filename();
      fs::create_directory(path_, ignored);
    } else {
      path_ = scratch_.path();
    }
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path(std::string_view name = "") const {
    return name.empty() ? path_.string() : (path_ / name).string();
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary | std::ios::trunc) << text;
  }
  void clear() const {
    std::error_code ignored;
    for (const std::string_view name : kNames) fs::remove(path(name), ignored);
  }

 private:
  tocsin::ScratchFolder scratch_;
  fs::path path_;
};

/// In one of the formats: each takes as long as all checks together.
void render(const tocsin::check::CheckReport& report, std::uint64_t choice) {
  using tocsin::check::Severity;
  switch (choice % 64) {
    case 0:
      tocsin::check::render_json(report, "0");
      return;
    case 1:
      tocsin::check::render_sarif(report, "0", Severity::kInfo);
      return;
    case 2:
      tocsin::check::render_junit(report, Severity::kWarning);
      return;
    case 3:
      tocsin::check::render_code_quality(report, Severity::kInfo);
      return;
    default:
      tocsin::check::render_text(report, {});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  static const Folder folder;
  folder.clear();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::map<std::string, std::string> files = files_in(text);
  const std::uint64_t hash = hash_of(text);
  const bool as_system = hash % 16 == 0;
  if (!as_system && files.contains("system.yaml")) {
    folder.write("system.yaml", files["system.yaml"]);
    Diagnostics diagnostics;
    scenario::load_system(folder.path("system.yaml"), diagnostics);
    diagnostics.render();
    files.erase("system.yaml");
    files.erase("contract.yaml");  // is nothing without
    folder.clear();
  }
  check::CheckOptions options;
  for (const auto& [name, content] : files) {
    folder.write(name, content);
    if (name == "page.prom") options.paths.push_back(folder.path(name));
  }
  if (!as_system) options.pages.push_back({"page", std::string(kPage)});
  options.paths.push_back(folder.path());
  Diagnostics diagnostics;
  const check::CheckReport report = check::run_checks(options, diagnostics);
  diagnostics.render();
  render(report, hash / 16);
  return 0;
}
