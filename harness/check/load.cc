#include "harness/check/load.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "harness/base/file.h"
#include "harness/check/check_groups.h"
#include "harness/check/file_kind.h"
#include "harness/contract/contract.h"
#include "harness/scenario/load.h"
#include "harness/yaml/parse.h"

namespace tocsin::check {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargest = rules::kLargestRuleFile;

std::string beside(const std::string& path, const char* name) {
  return (fs::path(path).parent_path() / name).lexically_normal().string();
}

std::string identity(const std::string& path) {
  std::error_code ignored;
  return fs::weakly_canonical(path, ignored).string();
}

class Loader {
 public:
  Loader(const CheckOptions& options, Diagnostics& diagnostics)
      : options_(options), diagnostics_(diagnostics) {}

  Loaded load() {
    if (!options_.system.empty() && !fs::exists(options_.system)) {
      diagnostics_.add(io_error("no such file or folder: " + options_.system));
    }
    for (const std::string& path : options_.paths) collect(path);
    if (!diagnostics_.ok()) return {};
    for (const std::string& system : systems_) add_system_subject(system);
    add_loose_scenarios();
    add_loose_subjects();
    add_pages();
    for (Subject& subject : out_.subjects) finish(subject);
    return std::move(out_);
  }

 private:
  void collect(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      if (!fs::exists(path, error)) {
        diagnostics_.add(io_error("no such file or folder: " + path));
        return;
      }
      if (!take(fs::path(path).lexically_normal().string())) {
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
      any = take(file, owned.contains(fs::path(file).parent_path().string())) || any;
    }
    if (!any) diagnostics_.add(io_error("nothing to check in the folder " + path));
  }

  /// Whether the file is of a kind that can be checked. `owned`: it lies in a system's folder, and
  /// the system names the rules and the alertmanager.yml that it uses.
  bool take(const std::string& path, bool owned = false) {
    const auto text = read_file(path, kLargest);
    const FileKind kind = text.has_error() ? FileKind::kRules : kind_of(path, *text);
    if (kind == FileKind::kOther) return false;
    const bool named_by_system = kind == FileKind::kRules || kind == FileKind::kAlertmanager ||
                                 kind == FileKind::kPrometheus;
    if (named_by_system && owned) return true;
    if (!taken_.insert(identity(path)).second) return true;
    switch (kind) {
      case FileKind::kSystem:
        systems_.push_back(path);
        break;
      case FileKind::kContract: {
        const std::string system = beside(path, "system.yaml");
        if (!taken_.insert(identity(system)).second) break;
        systems_.push_back(system);
        break;
      }
      case FileKind::kScenario:
        scenarios_.push_back(path);
        break;
      case FileKind::kPage:
        pages_.push_back(path);
        break;
      case FileKind::kAlertmanager:
        alertmanagers_.push_back(path);
        break;
      case FileKind::kPrometheus:
        prometheuses_.push_back(path);
        break;
      default:
        rule_files_.push_back(path);
    }
    return true;
  }

  void note_file(Subject& subject, const std::string& path) {
    if (std::find(out_.files.begin(), out_.files.end(), path) == out_.files.end()) {
      out_.files.push_back(path);
    }
    const auto text = read_file(path, kLargest);
    if (text.has_error()) return;
    subject.sources.emplace(path, std::make_shared<yaml::SourceText>(path, *text));
  }

  void report(const Diagnostics& problems, std::string_view check) {
    for (const Error& error : problems.sorted()) {
      out_.findings.push_back(finding_of(error, check, Severity::kError));
    }
  }

  /// Rules that can be read; of others the problems.
  void read_rules(Subject& subject, const std::string& path) {
    note_file(subject, path);
    Diagnostics problems;
    rules::RuleFile file = rules::load_rule_file(path, problems);
    report(problems, "rule/invalid");
    for (const Error& warning : file.warnings) {
      // Several conditions under one name are a habit of well-kept rules, and Prometheus 2 gets
      // rare; copies and documents that nobody reads are mistakes.
      const auto says = [&](const char* words) {
        return warning.message.find(words) != std::string::npos;
      };
      const bool mistake = says("is a copy") || says("document");
      out_.findings.push_back(
          finding_of(warning, "rule/doubtful", mistake ? Severity::kWarning : Severity::kInfo));
    }
    if (problems.ok()) subject.rule_files.push_back(std::move(file));
  }

  std::shared_ptr<const scenario::System> read_system(const std::string& path) {
    const auto [at, is_new] = known_systems_.try_emplace(identity(path));
    if (!is_new) return at->second;
    Diagnostics problems;
    at->second = scenario::load_system(path, problems);
    report(problems, "system/invalid");
    return at->second;
  }

  void add_system_subject(const std::string& path) {
    Subject subject;
    note_file(subject, path);
    subject.whole_system = true;
    subject.system = read_system(path);
    if (subject.system) {
      for (const std::string& file : subject.system->rule_files) read_rules(subject, file);
      const std::string& alertmanager = subject.system->alertmanager_file;
      if (!alertmanager.empty()) read_alertmanager(subject, alertmanager);
      read_contract(subject);
    }
    const std::string folder = identity(fs::path(path).parent_path().string());
    std::erase_if(scenarios_, [&](const std::string& scenario) {
      if (identity(fs::path(scenario).parent_path().string()) != folder) return false;
      if (subject.system) read_scenario(subject, scenario);
      return true;
    });
    out_.subjects.push_back(std::move(subject));
  }

  /// The system's contract, if it has one; its problems are told when the system is checked.
  void read_contract(Subject& subject) {
    std::error_code ignored;
    const std::string path = contract::contract_file(*subject.system);
    if (!fs::exists(path, ignored)) return;
    Diagnostics problems;
    subject.contract = contract::load_contract(*subject.system, problems);
    if (subject.contract) subject.traffic_hz = subject.contract->traffic_hz;
    if (!subject.whole_system) return;
    note_file(subject, path);
    report(problems, "contract/invalid");
  }

  void read_scenario(Subject& subject, const std::string& path) {
    note_file(subject, path);
    Diagnostics problems;
    auto file = scenarios_loader_.load_file(path, problems);
    report(problems, "scenario/invalid");
    // What is made of a contract says nothing that the contract does not.
    if (file && !file->from_contract) subject.scenarios.push_back(std::move(file->scenario));
  }

  /// Scenarios that lie elsewhere than their system: with it when it is checked too, else with what
  /// is known of it. Findings about its own files are left out then (run.cc).
  void add_loose_scenarios() {
    for (const std::string& path : scenarios_) {
      Subject probe;
      read_scenario(probe, path);
      if (probe.scenarios.empty()) continue;
      Subject& subject = subject_of(probe.scenarios.front().system);
      subject.sources.merge(probe.sources);
      subject.scenarios.push_back(std::move(probe.scenarios.front()));
    }
  }

  Subject& subject_of(const std::shared_ptr<const scenario::System>& system) {
    for (Subject& subject : out_.subjects) {
      if (subject.system && identity(subject.system->file) == identity(system->file)) {
        return subject;
      }
    }
    Subject subject;
    subject.system = system;
    know_rules_of(*system, subject);
    out_.subjects.push_back(std::move(subject));
    return out_.subjects.back();
  }

  /// Its rules, which are not to be checked themselves.
  static void know_rules_of(const scenario::System& system, Subject& subject) {
    for (const std::string& file : system.rule_files) {
      Diagnostics ignored;
      rules::RuleFile rules = rules::load_rule_file(file, ignored);
      if (ignored.ok()) subject.rule_files.push_back(std::move(rules));
    }
  }

  /// The system that a rule file is held against: the one asked for, or the one beside it.
  std::string system_for(const std::string& rule_file) const {
    if (!options_.system.empty()) return options_.system;
    std::error_code ignored;
    const std::string near = beside(rule_file, "system.yaml");
    return fs::exists(near, ignored) ? near : "";
  }

  /// Rules and configurations outside of systems: together, but for those of different systems.
  void add_loose_subjects() {
    std::map<std::string, Subject> subjects;
    const auto subject_for = [&](const std::string& path) -> Subject& {
      const std::string system = system_for(path);
      const auto [at, is_new] = subjects.try_emplace(system);
      if (is_new && !system.empty()) at->second.system = read_system(system);
      if (is_new && at->second.system) read_contract(at->second);
      return at->second;
    };
    for (const std::string& path : rule_files_) read_rules(subject_for(path), path);
    for (const std::string& path : prometheuses_) read_prometheus(subject_for(path), path);
    for (const std::string& path : alertmanagers_) read_alertmanager(subject_for(path), path);
    for (auto& [system, subject] : subjects) {
      const bool config = !subject.alertmanagers.empty() || !subject.prometheuses.empty();
      if (config && subject.system && subject.rule_files.empty()) {
        know_rules_of(*subject.system, subject);
      }
      out_.subjects.push_back(std::move(subject));
    }
  }

  void read_alertmanager(Subject& subject, const std::string& path) {
    note_file(subject, path);
    Diagnostics problems;
    auto config = alerting::load_config(path, problems);
    report(problems, "alertmanager/invalid");
    if (!config) return;
    if (!problems.ok()) return subject.refused_alertmanagers.push_back(std::move(config));
    for (const Error& warning : config->warnings) {
      out_.findings.push_back(finding_of(warning, "alertmanager/doubtful", Severity::kWarning));
    }
    subject.alertmanagers.push_back(std::move(config));
  }

  /// With the rules that it loads.
  void read_prometheus(Subject& subject, const std::string& path) {
    note_file(subject, path);
    Diagnostics problems;
    auto config = load_prometheus_config(path, problems);
    report(problems, "prometheus/invalid");
    if (!config) return;
    for (const RuleFilePattern& pattern : config->rule_files) {
      for (const std::string& file : pattern.files) {
        if (taken_.insert(identity(file)).second) read_rules(subject, file);
      }
    }
    subject.prometheuses.push_back(std::move(*config));
  }

  void add_pages() {
    Subject subject;
    for (const std::string& path : pages_) {
      out_.files.push_back(path);
      auto page = load_page(path);
      if (page.has_error()) {
        out_.findings.push_back(finding_of(page.error(), "metric/invalid", Severity::kError));
      } else {
        const auto text = read_file(path, kLargestPage);
        auto lines = lines_of_families(text.has_error() ? "" : *text, *page);
        subject.pages.push_back({path, std::move(lines), std::move(*page)});
      }
    }
    if (!subject.pages.empty()) out_.subjects.push_back(std::move(subject));
  }

  void finish(Subject& subject) {
    subject.index_rules();
    subject.scrape_interval = options_.scrape_interval;
    subject.evaluation_interval = options_.evaluation_interval;
    if (subject.prometheuses.size() == 1 && !subject.system) {
      // What Prometheus does when its file does not say.
      constexpr Duration kStandard = std::chrono::minutes(1);
      const PrometheusConfig& config = subject.prometheuses.front();
      if (!subject.scrape_interval) {
        subject.scrape_interval = config.scrape_interval.value_or(kStandard);
      }
      if (!subject.evaluation_interval) {
        subject.evaluation_interval = config.evaluation_interval.value_or(kStandard);
      }
    }
    if (subject.rules.empty() && !subject.system) return;
    Catalogue catalogue;
    if (subject.system) {
      add_system(*subject.system, catalogue);
      if (!subject.scrape_interval) {
        subject.scrape_interval = subject.system->service.scrape_interval;
      }
      if (!subject.evaluation_interval) {
        subject.evaluation_interval = subject.system->evaluation_interval;
      }
    }
    for (const std::string& path : options_.samples) {
      const auto read = add_samples(path, catalogue);
      if (read.has_error()) diagnostics_.add(read.error());
    }
    for (const std::string& path : options_.metrics) {
      const auto page = load_page(path);
      if (page.has_error()) {
        diagnostics_.add(page.error());
      } else {
        add_page(*page, catalogue);
      }
    }
    if (!catalogue.empty()) subject.exported = std::move(catalogue);
  }

  const CheckOptions& options_;
  Diagnostics& diagnostics_;
  Loaded out_;
  std::set<std::string> taken_;
  std::vector<std::string> systems_;
  std::vector<std::string> scenarios_;
  std::vector<std::string> rule_files_;
  std::vector<std::string> alertmanagers_;
  std::vector<std::string> prometheuses_;
  std::vector<std::string> pages_;
  std::map<std::string, std::shared_ptr<const scenario::System>> known_systems_;
  scenario::ScenarioLoader scenarios_loader_;
};

}  // namespace

Finding finding_of(const Error& error, std::string_view check, Severity severity) {
  Finding finding;
  finding.check = std::string(check);
  finding.severity = severity;
  finding.place.pos = error.pos;
  finding.place.end = error.pos;
  if (error.pos.column > 0) finding.place.end.column += std::max(error.length, 1);
  finding.message = error.message;
  for (const std::string& context : error.context) finding.message += ", " + context;
  if (!error.hints.empty()) finding.way_out = error.hints.front();
  const Check* known = finding.way_out.empty() ? find_check(check) : nullptr;
  if (known != nullptr) finding.way_out = known->way_out;
  finding.excerpt = error.excerpt;
  return finding;
}

Loaded load_subjects(const CheckOptions& options, Diagnostics& diagnostics) {
  return Loader(options, diagnostics).load();
}

}  // namespace tocsin::check
