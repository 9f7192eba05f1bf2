#include "harness/scenario/load.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "harness/scenario/exporter_kind.h"
#include "harness/scenario/language.h"
#include "harness/scenario/read.h"
#include "harness/scenario/values.h"
#include "harness/scenario/when.h"
#include "harness/yaml/include.h"
#include "harness/yaml/parse.h"

namespace tocsin::scenario {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSystemFile = "system.yaml";
/// How far up a system's folder is looked for.
constexpr int kFoldersUp = 16;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// The whole file with its includes; null when there is nothing to read further.
yaml::NodePtr load_map(const std::string& path, std::string_view what, Diagnostics& diagnostics) {
  yaml::NodePtr root = yaml::load(path, diagnostics);
  if (root == nullptr) return nullptr;
  if (!root->is_map()) {
    diagnostics.add(root->error(fmt::format("{} is a map of keys", what)));
    return nullptr;
  }
  return yaml::resolve_includes(root, diagnostics);
}

/// The service and each exporter may have includes of their own; exporters of a known kind get that
/// kind's description.
yaml::NodePtr resolve_target_includes(const yaml::NodePtr& root, Diagnostics& diagnostics) {
  auto copy = std::make_shared<yaml::Node>(*root);
  const auto resolve = [&](yaml::NodePtr& node) {
    if (node->find("include") == nullptr) return;
    yaml::NodePtr resolved = yaml::resolve_includes(node, diagnostics);
    if (resolved != nullptr) node = std::move(resolved);
  };
  for (yaml::Node::Entry& entry : copy->entries) {
    if (entry.key->text == "service") resolve(entry.value);
    if (entry.key->text != "exporters") continue;
    auto exporters = std::make_shared<yaml::Node>(*entry.value);
    for (yaml::Node::Entry& exporter : exporters->entries) {
      resolve(exporter.value);
      exporter.value = expand_exporter_kind(exporter.value, diagnostics);
    }
    entry.value = std::move(exporters);
  }
  return copy;
}

std::shared_ptr<const System> read_system_file(const std::string& file, Diagnostics& diagnostics) {
  yaml::NodePtr root = load_map(file, "a system file", diagnostics);
  if (root == nullptr) return nullptr;
  root = resolve_target_includes(root, diagnostics);
  Problems problems(diagnostics);
  check_shape(*root, map_of(kSystemTable), problems);
  auto system = std::make_shared<System>(read_system(*root, problems));
  return diagnostics.ok() ? system : nullptr;
}

/// Runs read(own diagnostics) and passes what it reports on; so that "nothing was reported" can be
/// asked even of diagnostics that are full.
template <class Read>
auto with_own_diagnostics(Diagnostics& diagnostics, Read read) {
  Diagnostics own;
  auto result = read(own);
  diagnostics.add(own.sorted());
  return result;
}

/// Folders around a scenario in which a system of any name might lie.
std::vector<fs::path> folders_above(const fs::path& folder) {
  std::vector<fs::path> folders;
  fs::path at = folder;
  for (int i = 0; i < kFoldersUp; ++i) {
    folders.push_back(at);
    // A relative path runs out of names; then its absolute form goes on.
    fs::path parent = at.has_filename() ? at.parent_path() : at;
    if (parent == at || at.empty()) {
      std::error_code ignored;
      const fs::path whole = fs::absolute(at.empty() ? "." : at, ignored).lexically_normal();
      parent = (whole.has_filename() ? whole : whole.parent_path()).parent_path();
      if (parent == whole) break;
    }
    at = parent;
  }
  return folders;
}

std::string find_system(const yaml::Node& name, std::vector<std::string>& nearby) {
  const fs::path folder = fs::path(name.source->file()).parent_path();
  const fs::path given = (folder / name.text).lexically_normal();
  if (is_file(given)) return given.string();
  for (const fs::path& above : folders_above(folder)) {
    const fs::path inside = (above / name.text).lexically_normal();
    if (is_file(inside / kSystemFile)) return (inside / kSystemFile).string();
    std::error_code ignored;
    const fs::path whole = fs::absolute(above.empty() ? "." : above, ignored);
    if (whole.filename() == name.text && is_file(above / kSystemFile)) {
      return (above / kSystemFile).string();
    }
  }
  int looked_in = 0;
  for (const fs::path& above : folders_above(folder)) {
    if (++looked_in > 3) break;
    std::error_code error;
    for (fs::directory_iterator it(above.empty() ? "." : above, error), end; !error && it != end;
         it.increment(error)) {
      if (is_file(it->path() / kSystemFile)) nearby.push_back(it->path().filename().string());
    }
  }
  std::sort(nearby.begin(), nearby.end());
  nearby.erase(std::unique(nearby.begin(), nearby.end()), nearby.end());
  return {};
}

/// Everything of a scenario but its system.
class ScenarioReader {
 public:
  ScenarioReader(const yaml::Node& root, std::shared_ptr<const System> system, Problems& problems)
      : root_(root), problems_(problems) {
    out_.system = std::move(system);
  }

  ScenarioFile read() {
    out_.file = root_.source->file();
    out_.name = text_of(root_.find("name"), fs::path(out_.file).stem().string());
    if (out_.name.empty()) problems_.add(*root_.find("name"), "the name is empty");
    out_.description = text_of(root_.find("description"));
    read_tags();
    read_settings();
    if (const yaml::Node* wanted = root_.find("from_contract")) {
      read_from_contract(*wanted);
    } else {
      read_timeline();
    }
    return {std::move(out_), std::move(from_contract_)};
  }

 private:
  void read_tags() {
    const yaml::Node* tags = root_.find("tags");
    if (tags == nullptr) return;
    if (tags->is_scalar()) out_.tags.push_back(tags->text);
    for (const yaml::NodePtr& tag : tags->items) out_.tags.push_back(tag->text);
  }

  void read_settings() {
    static constexpr Timestamp kMonday = std::chrono::sys_days(std::chrono::year_month_day(
        std::chrono::year(2026), std::chrono::month(1), std::chrono::day(5)));
    out_.start = kMonday;
    if (const yaml::Node* start = root_.find("start")) {
      const auto time = parse_rfc3339(start->text);
      if (time.has_value()) out_.start = *time;
    }
    out_.seed = count_of(root_.find("seed"), out_.seed);
    if (text_of(root_.find("noise")) == "none") out_.noise = Noise::kNone;
    out_.live = text_of(root_.find("mode")) == "live";
    if (const yaml::Node* scale = root_.find("time_scale")) {
      const auto value = parse_number(scale->text);
      if (value.has_value() && (*value < 1 || *value > 1e6)) {
        problems_.add(*scale, "expected a number from 1 to 1000000");
      }
      if (value.has_value()) out_.time_scale = *value;
    }
    if (const yaml::Node* connections = root_.find("connections")) {
      const std::uint64_t value = count_of(connections, 1);
      constexpr std::uint64_t kMost = 10'000;
      if (value < 1 || value > kMost) {
        problems_.add(*connections, "expected 1 to 10000 connections");
      }
      out_.connections = static_cast<std::uint32_t>(std::min(value, kMost));
    }
  }

  void read_from_contract(const yaml::Node& node) {
    FromContract& wanted = from_contract_.emplace();
    wanted.pos = node.pos();
    for (const char* key : {"faults", "silences", "expect"}) {
      const yaml::Node::Entry* entry = root_.find_entry(key);
      if (entry == nullptr) continue;
      problems_.add(*entry->key, fmt::format("\"{}\" and from_contract exclude each other", key),
                    "write a scenario of its own, or say it in the contract");
    }
    if (const yaml::Node* alerts = node.find("alerts"); alerts != nullptr && alerts->is_list()) {
      wanted.all_alerts = false;
      for (const yaml::NodePtr& name : alerts->items) wanted.alerts.push_back(name->text);
    } else if (text_of(node.find("alerts")) == "none") {
      wanted.all_alerts = false;
    }
    if (const yaml::Node* cases = node.find("cases")) {
      const auto has = [&](std::string_view word) {
        return cases->text == word ||
               std::any_of(cases->items.begin(), cases->items.end(),
                           [&](const yaml::NodePtr& item) { return item->text == word; });
      };
      wanted.fires = has("fires");
      wanted.silent = has("silent");
      wanted.too_short = has("short");
    }
    wanted.health = bool_of(node.find("health"), true);
    wanted.metrics = bool_of(node.find("metrics"), true);
    if (const yaml::Node* traffic = root_.find("traffic")) read_steady_rate(*traffic, wanted);
    if (const yaml::Node* others = root_.find("others_allowed")) {
      if (others->is_scalar()) wanted.others_allowed.push_back(others->text);
      for (const yaml::NodePtr& name : others->items) wanted.others_allowed.push_back(name->text);
    }
  }

  /// How long it lasts is each scenario's own business.
  void read_steady_rate(const yaml::Node& traffic, FromContract& wanted) {
    const yaml::Node& phase = traffic.items.size() == 1 ? *traffic.items.front() : traffic;
    const yaml::Node* rate = phase.find("rate");
    const auto value =
        rate != nullptr ? parse_value(rate->text, Dimension::kRate) : Result<double>(0.0);
    if (phase.entries.size() == 1 && value.has_value() && *value > 0 && *value <= 1e9) {
      wanted.traffic_hz = *value;
      return;
    }
    problems_.add(traffic, "scenarios from a contract have one steady rate of traffic",
                  "like traffic: {rate: 50/s}");
  }

  void read_timeline() {
    if (const yaml::Node::Entry* others = root_.find_entry("others_allowed")) {
      problems_.add(*others->key, "\"others_allowed\" goes with from_contract",
                    "expect: {alerts: {others: {allow: […]}}} says it of one scenario");
    }
    RunTimes times;
    std::optional<Duration> traffic_end;
    if (const yaml::Node* traffic = root_.find("traffic")) {
      out_.traffic = read_traffic(*traffic, *out_.system, times, problems_);
      // Broken traffic has no end to measure faults against.
      traffic_end = problems_.ok() ? out_.traffic.length() : kLongestRun;
    }
    if (const yaml::Node* faults = root_.find("faults")) {
      out_.faults = read_faults(*faults, *out_.system, traffic_end, times, problems_);
      note_live_only();
    }
    if (const yaml::Node* silences = root_.find("silences")) {
      out_.silences = read_silences(*silences, *out_.system, times, problems_);
    }
    if (const yaml::Node* expect = root_.find("expect")) {
      out_.expect = read_expectations(*expect, {*out_.system, times, problems_, out_.silences});
    }
    out_.length = std::max(out_.traffic.length(), last_time(out_.expect));
    for (const faults::Fault& fault : out_.faults) out_.length = std::max(out_.length, fault.end());
    close_windows(out_.expect, out_.length);
    close_silences(out_.length, out_.silences, problems_);
    if (out_.length <= Duration(0) && problems_.ok()) {
      problems_.add(root_, "nothing says how long this scenario runs", "add traffic");
    }
    warn_of_live_faults();
  }

  void warn_of_live_faults() {
    for (const faults::Fault& fault : out_.faults) {
      if (out_.live) continue;
      const bool only_acts = fault.action && !fault.moves_target();
      if (fault.network_faults.empty() && !only_acts) continue;
      out_.warnings.push_back(
          fmt::format("{}: the {}fault \"{}\" works in live runs only; a "
                      "simulated run leaves it out",
                      to_string(fault.pos), only_acts ? "" : "network ", fault.name));
    }
  }

  /// Kept for whoever is to simulate it: the command line may still say that it runs live.
  void note_live_only() {
    if (out_.live) return;
    Diagnostics diagnostics;
    Problems reasons(diagnostics);
    const yaml::Node* faults = root_.find("faults");
    const auto note = [&](const yaml::Node& fault) {
      const auto acts = [&](std::string_view key) { return fault.find(key) != nullptr; };
      const auto key = std::find_if(kActionKeys.begin(), kActionKeys.end(), acts);
      const bool moves = fault.find("service") != nullptr ||
                         std::any_of(out_.system->exporters.begin(), out_.system->exporters.end(),
                                     [&](const Target& target) { return acts(target.name); });
      if (key == kActionKeys.end() || moves) return;
      reasons.add(*fault.find_entry(*key)->key, fmt::format("\"{}\" works in live runs only", *key),
                  "add mode: live or run with --live; or say what it does to the model, like "
                  "service: {error_rate: 8%}");
    };
    if (faults->is_map()) note(*faults);
    for (const yaml::NodePtr& fault : faults->items) note(*fault);
    out_.live_only = diagnostics.sorted();
  }

  const yaml::Node& root_;
  Problems& problems_;
  Scenario out_;
  std::optional<FromContract> from_contract_;
};

}  // namespace

std::shared_ptr<const System> load_system(const std::string& path, Diagnostics& diagnostics) {
  const fs::path file = is_folder(path) ? fs::path(path) / kSystemFile : fs::path(path);
  return with_own_diagnostics(diagnostics, [&](Diagnostics& own) {
    return read_system_file(file.lexically_normal().string(), own);
  });
}

struct ScenarioLoader::Impl {
  std::map<std::string, std::shared_ptr<const System>> systems;  ///< null: has problems

  /// Null when the system cannot be used; then the reason was reported, now or the first time.
  std::shared_ptr<const System> system_of(const yaml::Node& root, Problems& problems) {
    const yaml::Node* name = root.find("system");
    if (name == nullptr || !name->is_scalar()) return nullptr;
    std::vector<std::string> nearby;
    const std::string file = name->text.empty() ? "" : find_system(*name, nearby);
    if (file.empty()) {
      problems.unknown(*name,
                       fmt::format("no folder \"{}\" with a system.yaml, beside this file or "
                                   "above it",
                                   name->text),
                       name->text, nearby);
      return nullptr;
    }
    std::error_code ignored;
    const std::string key = fs::weakly_canonical(file, ignored).string();
    const auto known = systems.find(key);
    if (known != systems.end()) return known->second;
    return systems[key] = load_system(file, problems.diagnostics());
  }
};

ScenarioLoader::ScenarioLoader() : impl_(std::make_unique<Impl>()) {}
ScenarioLoader::~ScenarioLoader() = default;

std::optional<Scenario> ScenarioLoader::load(const std::string& path, Diagnostics& diagnostics) {
  std::optional<ScenarioFile> file = load_file(path, diagnostics);
  if (!file) return std::nullopt;
  if (!file->from_contract) return std::move(file->scenario);
  diagnostics.add(input_error(file->from_contract->pos, "this stands for several scenarios"));
  return std::nullopt;
}

std::optional<ScenarioFile> ScenarioLoader::load_file(const std::string& path,
                                                      Diagnostics& diagnostics) {
  return with_own_diagnostics(diagnostics, [&](Diagnostics& own) -> std::optional<ScenarioFile> {
    const yaml::NodePtr root =
        load_map(fs::path(path).lexically_normal().string(), "a scenario", own);
    if (root == nullptr) return std::nullopt;
    Problems problems(own);
    check_shape(*root, map_of(kScenarioTable), problems);
    auto system = impl_->system_of(*root, problems);
    if (system == nullptr) return std::nullopt;
    ScenarioFile file = ScenarioReader(*root, std::move(system), problems).read();
    if (!own.ok()) return std::nullopt;
    return file;
  });
}

}  // namespace tocsin::scenario
