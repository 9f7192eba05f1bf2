#include "harness/check/load.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "harness/base/file.h"
#include "harness/check/check_groups.h"
#include "harness/check/file_kind.h"
#include "harness/check/gather.h"
#include "harness/contract/contract.h"
#include "harness/scenario/load.h"
#include "harness/yaml/parse.h"

namespace tocsin::check {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargest = rules::kLargestRuleFile;

class Loader {
 public:
  Loader(const CheckOptions& options, Diagnostics& diagnostics)
      : options_(options), diagnostics_(diagnostics) {}

  Loaded load() {
    if (!options_.system.empty() && !fs::exists(options_.system)) {
      diagnostics_.add(io_error("no such file or folder: " + options_.system));
    }
    files_ = gather_files(options_.paths, diagnostics_);
    if (!diagnostics_.ok()) return {};
    for (const std::string& system : files_.systems) add_system_subject(system);
    add_loose_scenarios();
    add_loose_subjects();
    add_pages();
    for (Subject& subject : out_.subjects) finish(subject);
    return std::move(out_);
  }

 private:
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
    const auto text = read_file(path, kLargest);
    rules::RuleFile file = !text.has_error() && is_rule_resource(*text)
                               ? rules::parse_rule_resource(path, *text, problems)
                               : rules::load_rule_file(path, problems);
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
    std::erase_if(files_.scenarios, [&](const std::string& scenario) {
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
    for (const std::string& path : files_.scenarios) {
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
    for (const std::string& path : files_.rule_files) read_rules(subject_for(path), path);
    for (const std::string& path : files_.prometheuses) read_prometheus(subject_for(path), path);
    for (const std::string& path : files_.alertmanagers) read_alertmanager(subject_for(path), path);
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
        if (files_.is_new(file)) read_rules(subject, file);
      }
    }
    subject.prometheuses.push_back(std::move(*config));
  }

  void add_pages() {
    Subject subject;
    for (const std::string& path : files_.pages) {
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
    for (const GivenPage& given : options_.pages) {
      const auto page = parse_page(given.name, given.text);
      if (page.has_error()) {
        diagnostics_.add(page.error());
      } else {
        add_page(*page, catalogue);
      }
    }
    if (subject.system) find_undescribed(subject);
    if (!catalogue.empty()) subject.exported = std::move(catalogue);
  }

  /// Pages and samples that are given count for all that has no description.
  void find_undescribed(Subject& subject) const {
    if (!options_.pages.empty() || !options_.samples.empty()) return;
    const auto look = [&](const scenario::Target& target) {
      if (target.instruments.empty()) subject.undescribed.push_back(&target);
    };
    look(subject.system->service);
    for (const scenario::Target& exporter : subject.system->exporters) look(exporter);
  }

  const CheckOptions& options_;
  Diagnostics& diagnostics_;
  Loaded out_;
  GatheredFiles files_;
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
