#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/check/check_groups.h"
#include "harness/check/checks/template_uses.h"
#include "harness/check/nearest_metric.h"
#include "harness/check/subject.h"
#include "harness/check/visit.h"
#include "harness/rules/template_syntax.h"

/// prometheus.yml against the rules that are there, and the targets.

namespace tocsin::check {
namespace {

namespace fs = std::filesystem;

enum PrometheusCheck {
  kMissingRuleFile,
  kNoRuleFiles,
  kUnloadedRules,
  kNoAlertmanager,
  kUnscraped,
  kUnknownJob,
  kExternalLabel,
};

constexpr Check kPrometheus[] = {
    {"prometheus/missing-rule-file", Severity::kError,
     "`rule_files` names a file that is not there",
     "Prometheus starts without a word, and no alert of it ever fires.",
     "Correct the path; it is relative to the file that names it."},
    {"prometheus/no-rule-files", Severity::kWarning, "No rule file is loaded",
     "There are alerts, and nobody evaluates them.", "Name their files in `rule_files`."},
    {"prometheus/unloaded-rules", Severity::kWarning, "A rule file that no pattern names",
     "Nobody evaluates its rules.", "Name it in `rule_files`."},
    {"prometheus/no-alertmanager", Severity::kWarning, "No Alertmanager is named",
     "Alerts fire, and nobody is told.", "Name it under `alerting: {alertmanagers: …}`."},
    {"prometheus/unscraped", Severity::kWarning, "A target that no job scrapes",
     "Rules read its metrics, and they are not there.", "Add a job for it to `scrape_configs`."},
    {"prometheus/unknown-job", Severity::kWarning, "Rules ask for a job that is not scraped",
     "The selector matches no series.", "Use the name of a job."},
    {"prometheus/external-label", Severity::kWarning,
     "Rules and external_labels do not go together",
     "A text that shows an external label which is not there has a gap; a rule's own label hides "
     "the external one of the same name.",
     "Use labels that external_labels has, and no others of their names."},
};

class PrometheusLook {
 public:
  PrometheusLook(const Subject& subject, const PrometheusConfig& config, Findings& findings)
      : subject_(subject), config_(config), findings_(findings) {}

  void look() {
    look_at_rule_files();
    if (is_whole()) {
      look_for_rule_files();
      look_at_alerting();
    }
    look_at_targets();
    if (!subject_.system) look_at_jobs();
    for (const RuleUse* use : subject_.rules_loaded_by(config_)) look_at_external_labels(*use);
  }

 private:
  void add(PrometheusCheck check, Severity severity, const SourcePos& pos, std::string message,
           std::string way_out = {}) {
    Finding finding;
    finding.place.pos = pos;
    finding.message = std::move(message);
    finding.way_out = std::move(way_out);
    findings_.add(kPrometheus[check], severity, std::move(finding));
  }
  void add(PrometheusCheck check, const SourcePos& pos, std::string message,
           std::string way_out = {}) {
    add(check, kPrometheus[check].severity, pos, std::move(message), std::move(way_out));
  }

  /// Not a part of one, or a sample of something: it is called prometheus.yml, or the like.
  bool is_whole() const {
    return subject_.system || fs::path(config_.path).filename().string().starts_with("prometheus.");
  }

  void look_at_rule_files() {
    for (const RuleFilePattern& one : config_.rule_files) {
      if (!one.files.empty() || fs::path(one.pattern).is_absolute()) continue;
      add(kMissingRuleFile, one.wild ? Severity::kWarning : Severity::kError, one.pos,
          one.wild ? fmt::format("no file is like {}", one.pattern)
                   : fmt::format("there is no file {}", one.pattern),
          nearest_rule_file(one.pattern));
    }
  }

  /// Rules that are there, and that it does not load.
  void look_for_rule_files() {
    const auto near = subject_.rule_files_near(config_);
    std::size_t rules = 0;
    for (const rules::RuleFile* file : near) {
      for (const rules::RuleGroup& group : file->groups) rules += group.rules.size();
    }
    if (config_.rule_files.empty()) {
      if (rules == 0) return;
      return add(kNoRuleFiles, config_.rule_files_pos.value_or(config_.pos),
                 fmt::format("it loads no rules; {} {} here", rules, rules == 1 ? "is" : "are"));
    }
    const bool all_near =
        std::none_of(config_.rule_files.begin(), config_.rule_files.end(),
                     [](const auto& one) { return fs::path(one.pattern).is_absolute(); });
    if (all_near && !subject_.system) look_for_unloaded(near);
  }

  std::string nearest_rule_file(const std::string& pattern) const {
    const std::string wanted = fs::path(pattern).filename().string();
    std::vector<std::string> names;
    for (const rules::RuleFile& file : subject_.rule_files) {
      names.push_back(fs::path(file.path).filename().string());
    }
    const std::string nearest = nearest_name(wanted, names);
    return nearest.empty() ? "" : fmt::format("did you mean {}?", nearest);
  }

  void look_for_unloaded(const std::vector<const rules::RuleFile*>& near) {
    std::set<std::string> loaded;
    for (const RuleFilePattern& one : config_.rule_files) {
      loaded.insert(one.files.begin(), one.files.end());
    }
    for (const rules::RuleFile* file : near) {
      if (loaded.contains(file->path)) continue;
      SourcePos pos;
      pos.file = file->path;
      if (!file->groups.empty()) pos = file->groups.front().pos;
      add(kUnloadedRules, pos, fmt::format("{} does not load this file", config_.path));
    }
  }

  void look_at_alerting() {
    const auto near = subject_.rule_files_near(config_);
    if (config_.tells_somebody || (near.empty() && config_.rule_files.empty())) return;
    add(kNoAlertmanager, config_.alerting_pos.value_or(config_.pos),
        config_.alerting_pos ? "`alerting` names no Alertmanager: nobody is told of any alert"
                             : "there is no `alerting`: nobody is told of any alert");
  }

  bool scrapes(const scenario::Target& target) const {
    const std::string port = ':' + std::to_string(target.port);
    return std::any_of(config_.jobs.begin(), config_.jobs.end(), [&](const ScrapeJobConfig& job) {
      return job.discovers || job.name == target.job ||
             std::any_of(job.targets.begin(), job.targets.end(), [&](const ScrapeTarget& one) {
               return one.address == target.instance || one.address.ends_with(port);
             });
    });
  }

  void look_at_targets() {
    if (!subject_.system || config_.more_scrapes) return;
    std::vector<std::string> missing;
    const auto look = [&](const scenario::Target& target) {
      if (!scrapes(target)) missing.push_back(fmt::format("{} (port {})", target.job, target.port));
    };
    look(subject_.system->service);
    for (const scenario::Target& exporter : subject_.system->exporters) look(exporter);
    if (missing.empty()) return;
    add(kUnscraped, config_.jobs.empty() ? config_.pos : config_.jobs.front().pos,
        fmt::format("no job scrapes {}", listed(missing, 12)));
  }

  void look_at_jobs() {
    const bool open = config_.more_scrapes || !config_.scrapes ||
                      std::any_of(config_.jobs.begin(), config_.jobs.end(),
                                  [](const ScrapeJobConfig& job) { return job.relabels; });
    if (open) return;
    std::vector<std::string> names;
    for (const ScrapeJobConfig& job : config_.jobs) names.push_back(job.name);
    for (const RuleUse* use : subject_.rules_loaded_by(config_)) {
      for_all(*use->rule->expression.root, [&](const promql::Node& node) {
        const auto* selector = as_selector(node);
        if (selector == nullptr) return;
        for (const Matcher& matcher : selector->matchers) {
          if (matcher.name() != "job" || matcher.matches("")) continue;
          const bool any = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            return matcher.matches(name);
          });
          if (any) continue;
          const std::string nearest = nearest_name(matcher.value(), names);
          findings_.add(kPrometheus[kUnknownJob],
                        about(*use, selector->range,
                              fmt::format("{} scrapes no job {}", config_.path, matcher.value()),
                              nearest.empty() ? fmt::format("it scrapes {}", listed(names, 8))
                                              : fmt::format("did you mean {}?", nearest)));
        }
      });
    }
  }

  bool has_external_label(std::string_view name) const {
    return std::any_of(config_.external_labels.begin(), config_.external_labels.end(),
                       [&](const auto& label) { return label.first == name; });
  }

  void look_at_external_labels(const RuleUse& use) {
    for (const auto& [name, text] : use.rule->labels) {
      if (has_external_label(name)) {
        Finding finding = about(use, fmt::format("its label {} hides the external one", name));
        finding.place.pos = text.pos;
        findings_.add(kPrometheus[kExternalLabel], Severity::kInfo, std::move(finding));
      }
      look_at_shown_labels(use, text);
    }
    for (const auto& [name, text] : use.rule->annotations) look_at_shown_labels(use, text);
  }

  /// {{ $externalLabels.cluster }}
  void look_at_shown_labels(const RuleUse& use, const rules::TemplateText& text) {
    const auto tree = rules::templates::parse(
        text.text, {"$labels", "$externalLabels", "$externalURL", "$value"});
    if (tree.has_error()) return;  // reported when the file was read
    for (const LabelUse& shown : template_uses(tree->root).external_labels) {
      if (has_external_label(shown.label)) continue;
      Finding finding =
          about(use, fmt::format("{} has no external label {}", config_.path, shown.label));
      finding.place = place_in(subject_, text, begin_of(shown, text.text), shown.operand.size());
      findings_.add(kPrometheus[kExternalLabel], std::move(finding));
    }
  }

  const Subject& subject_;
  const PrometheusConfig& config_;
  Findings& findings_;
};

void look_at_prometheus(const Subject& subject, Findings& findings) {
  for (const PrometheusConfig& config : subject.prometheuses) {
    PrometheusLook(subject, config, findings).look();
  }
}

}  // namespace

const CheckGroup kPrometheusChecks{kPrometheus, look_at_prometheus};

}  // namespace tocsin::check
