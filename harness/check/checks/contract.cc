#include "harness/contract/contract.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/base/units.h"
#include "harness/check/check_groups.h"
#include "harness/check/checks/contract_checks.h"
#include "harness/check/nearest_metric.h"

/// What the documentation promises against rules and targets.

namespace tocsin::check {

const Check kContracts[kContractChecksCount] = {
    {"contract/alert-without-rule", Severity::kError, "A promised alert that no rule defines",
     "It never fires.", "Write the rule, or take the alert out of the contract."},
    {"contract/rule-without-alert", Severity::kWarning, "An alert that the contract does not know",
     "Nobody is told what it means, and nothing proves it.",
     "Add it to the contract, marked as ours if no document has it."},
    {"contract/threshold", Severity::kError, "The rule's threshold differs from the promised one",
     "The alert fires earlier or later than documented.", "Make both the same."},
    {"contract/comparison", Severity::kError, "The rule compares the other way round",
     "The alert fires on the other side of the threshold, or not at the threshold itself.",
     "Make both the same."},
    {"contract/unit", Severity::kError, "The rule compares another kind of value",
     "A share is promised, and events per second are compared, or the like: the number means "
     "something else.",
     "Compute what the contract speaks of."},
    {"contract/for", Severity::kError, "The rule's `for` differs from the promised one",
     "The alert fires earlier or later than documented.", "Make both the same."},
    {"contract/severity", Severity::kError, "The rule's severity differs from the promised one",
     "The alert goes to others than documented.", "Make both the same."},
    {"contract/window", Severity::kWarning, "The rule looks back over another window than promised",
     "It reacts faster or slower than documented.", "Make both the same."},
    {"contract/metric-missing", Severity::kError, "A promised metric that no target exports",
     "Whoever reads it sees nothing.", "Export it, or correct its name in the contract."},
    {"contract/metric-type", Severity::kError, "A metric of another type than promised",
     "Queries that are right for one type are wrong for another.", "Make both the same."},
    {"contract/metric-labels", Severity::kError, "A metric without a promised label",
     "Queries by that label find nothing.", "Export the label, or correct the contract."},
    {"contract/metric-unit", Severity::kWarning, "A metric in another unit than promised",
     "Thresholds are wrong by a factor.", "Make both the same."},
    {"contract/scrape", Severity::kError, "Targets are scraped otherwise than promised",
     "Job, port, path or interval differ from the document.", "Make both the same."},
    {"contract/count", Severity::kWarning, "A documented count that does not match",
     "The document counts other things than it lists.", "Correct the document."},
    {"contract/unlisted-metric", Severity::kWarning,
     "An alert reads a metric that the document does not list",
     "It is named where the alert is, and nowhere among the metrics: nobody may have exported it.",
     "List it, or use one that is listed."},
    {"contract/unnamed-metric", Severity::kInfo, "A metric that the document does not name",
     "The document speaks of it without a name; the name is ours.", "Name it in the document."},
    {"contract/same-words", Severity::kWarning, "Two promised alerts in the same words",
     "Nobody can tell which of them the document means.", "Say what tells them apart."},
    {"contract/vague-alert", Severity::kInfo, "An alert that the document leaves open",
     "Without threshold, severity and duration nobody can say whether the rule is right.",
     "Give them in the document."},
    {"contract/alert-without-runbook", Severity::kInfo, "A promised alert that no runbook is for",
     "Other alerts have one.", "Write it, or name the alert in one that is there."},
    {"contract/health-latency", Severity::kWarning,
     "A documented health answer that breaks its own time limit",
     "One of its checks takes longer, by the answer that the document shows, than the whole may.",
     "Allow the time that it takes, or give the check a shorter one."},
};

void add_to_contract(const contract::Contract& contract, ContractCheck check, const SourcePos& pos,
                     std::string message, std::string way_out, Findings& findings) {
  Finding finding;
  finding.place.pos = pos;
  finding.about = "contract " + contract.system;
  finding.message = std::move(message);
  finding.way_out = std::move(way_out);
  findings.add(kContracts[check], std::move(finding));
}

namespace {

class ContractLook {
 public:
  ContractLook(const Subject& subject, Findings& findings)
      : subject_(subject), promised_(*subject.contract), facts_(subject), findings_(findings) {}

  void look() {
    for (const contract::Alert& alert : promised_.alerts) look_at_alert(alert);
    look_at_document(subject_, findings_);
    if (!subject_.whole_system) return;
    for (const RuleUse& use : subject_.rules) {
      if (!use.alerts() || promised_.alert(use.rule->name) != nullptr) continue;
      std::vector<std::string> names;
      for (const contract::Alert& alert : promised_.alerts) names.push_back(alert.name);
      const std::string nearest = nearest_name(use.rule->name, names);
      findings_.add(kContracts[kRuleWithoutAlert],
                    about(use, "the contract has no such alert",
                          nearest.empty() ? "" : fmt::format("did you mean {}?", nearest)));
    }
    for (const contract::Metric& metric : promised_.metrics) look_at_metric(metric);
    look_at_undescribed();
    look_at_scrapes();
    for (const contract::CountPromise& count : promised_.counts) look_at_count(count);
  }

 private:
  void add(ContractCheck check, const SourcePos& pos, std::string message,
           std::string way_out = {}) {
    add_to_contract(promised_, check, pos, std::move(message), std::move(way_out), findings_);
  }

  void look_at_alert(const contract::Alert& alert) {
    bool any = false;
    for (const RuleUse& use : subject_.rules) {
      if (!use.alerts() || use.rule->name != alert.name || !is_documented_here(use)) continue;
      any = true;
      look_at_promised_alert(alert, use, facts_, findings_);
    }
    if (!subject_.whole_system) return;
    if (!any) {
      std::vector<std::string> names;
      for (const RuleUse& use : subject_.rules) {
        if (use.alerts()) names.push_back(use.rule->name);
      }
      const std::string nearest = nearest_name(alert.name, names);
      add(kAlertWithoutRule, alert.pos, fmt::format("no rule defines the alert {}", alert.name),
          nearest.empty() ? "" : fmt::format("did you mean {}?", nearest));
    }
  }

  /// The system's own rules, and those beside the contract; not whatever else is held against its
  /// targets and happens to have the same name.
  bool is_documented_here(const RuleUse& use) const {
    namespace fs = std::filesystem;
    std::error_code ignored;
    return subject_.whole_system ||
           fs::weakly_canonical(fs::path(use.file->path).parent_path(), ignored) ==
               fs::weakly_canonical(fs::path(promised_.file).parent_path(), ignored);
  }

  /// Any of the series that a family of this name consists of; null when none is exported.
  const ExportedMetric* exported(const std::string& name) const {
    if (!subject_.exported) return nullptr;
    for (const char* suffix : {"", "_bucket", "_count", "_sum", "_total"}) {
      if (const ExportedMetric* metric = subject_.exported->find(name + suffix)) return metric;
    }
    return nullptr;
  }

  void look_at_metric(const contract::Metric& promised) {
    const ExportedMetric* metric = exported(promised.name);
    if (metric == nullptr && subject_.may_be_undescribed(promised.name)) {
      return undescribed_.push_back(&promised);
    }
    if (metric == nullptr) {
      const std::string nearest =
          subject_.exported ? nearest_metric(promised.name, subject_.exported->names()) : "";
      return add(kMetricMissing, promised.pos, fmt::format("no target exports {}", promised.name),
                 nearest.empty() ? "" : fmt::format("did you mean {}?", nearest));
    }
    if (promised.type && *promised.type != metric->family.type) {
      add(kMetricType, promised.pos,
          fmt::format("{} is a {}, and a {} is promised", promised.name,
                      to_string(metric->family.type), to_string(*promised.type)));
    }
    const std::set<std::string> labels = metric->labels();
    for (const std::string& label : promised.labels) {
      if (labels.contains(label)) continue;
      add(kMetricLabels, promised.pos, fmt::format("{} has no label {}", promised.name, label),
          fmt::format("its labels are {}", listed({labels.begin(), labels.end()}, 12)));
    }
    look_at_metric_unit(promised, *metric);
  }

  void look_at_undescribed() {
    if (undescribed_.empty()) return;
    std::vector<std::string> names;
    for (const contract::Metric* metric : undescribed_) names.push_back(metric->name);
    add(kMetricMissing, undescribed_.front()->pos,
        fmt::format("nothing says what {} exports: whether {} {} among it is not known",
                    subject_.undescribed_names(), listed(names), names.size() == 1 ? "is" : "are"),
        subject_.way_to_describe());
  }

  void look_at_metric_unit(const contract::Metric& promised, const ExportedMetric& metric) {
    static const std::map<std::string_view, Unit> kWords = {
        {"seconds", Unit::kSeconds}, {"milliseconds", Unit::kMilliseconds},
        {"ms", Unit::kMilliseconds}, {"bytes", Unit::kBytes},
        {"percent", Unit::kPercent}, {"ratio", Unit::kRatio}};
    const auto wanted = kWords.find(promised.unit);
    const Facts facts = facts_of_metric(promised.name, &metric);
    if (wanted == kWords.end() || facts.unit == Unit::kUnknown || facts.unit == Unit::kCount ||
        facts.unit == Unit::kTimestamp || facts.unit == wanted->second) {
      return;
    }
    add(kContractMetricUnit, promised.pos,
        fmt::format("{} is {}, and {} is promised", promised.name, describe(facts.unit),
                    describe(wanted->second)));
  }

  std::vector<const scenario::Target*> targets() const {
    std::vector<const scenario::Target*> all = {&subject_.system->service};
    for (const scenario::Target& exporter : subject_.system->exporters) all.push_back(&exporter);
    return all;
  }

  void look_at_scrapes() {
    const contract::ScrapePromise& scrape = promised_.scrape;
    if (scrape.evaluation_interval &&
        *scrape.evaluation_interval != subject_.system->evaluation_interval) {
      add(kContractScrape, promised_.pos,
          fmt::format("rules are evaluated every {}, and {} is promised",
                      format_duration(subject_.system->evaluation_interval),
                      format_duration(*scrape.evaluation_interval)));
    }
    for (const contract::ScrapeJob& job : scrape.jobs) look_at_job(job);
  }

  void look_at_job(const contract::ScrapeJob& job) {
    const auto all = targets();
    const auto found = std::find_if(all.begin(), all.end(), [&](const scenario::Target* target) {
      return target->job == job.job;
    });
    if (found == all.end()) {
      std::vector<std::string> names;
      for (const scenario::Target* target : all) names.push_back(target->job);
      return add(kContractScrape, job.pos, fmt::format("no target has the job {}", job.job),
                 unknown_name_hint(job.job, names));
    }
    const scenario::Target& target = **found;
    if (job.port && *job.port != target.port) {
      add(kContractScrape, job.pos,
          fmt::format("{} has the port {}, and {} is promised", job.job, target.port, *job.port));
    }
    if (!job.path.empty() && job.path != target.metrics_path) {
      add(kContractScrape, job.pos,
          fmt::format("{} shows its metrics at {}, and {} is promised", job.job,
                      target.metrics_path, job.path));
    }
    const auto interval = job.interval ? job.interval : promised_.scrape.interval;
    if (interval && *interval != target.scrape_interval) {
      add(kContractScrape, job.pos,
          fmt::format("{} is scraped every {}, and {} is promised", job.job,
                      format_duration(target.scrape_interval), format_duration(*interval)));
    }
  }

  /// What is counted, as far as the contract itself lists it.
  std::optional<std::size_t> counted(std::string_view what) const {
    const auto severity = [&](std::string_view wanted) {
      return static_cast<std::size_t>(
          std::count_if(promised_.alerts.begin(), promised_.alerts.end(),
                        [&](const contract::Alert& alert) { return alert.severity == wanted; }));
    };
    if (what == "alerts" || what == "alert rules") return promised_.alerts.size();
    if (what == "metrics") return promised_.metrics.size();
    for (const char* word : {"critical", "warning", "info"}) {
      if (what == std::string(word) + " alerts") return severity(word);
    }
    if (what == "alert groups") {
      std::size_t groups = 0;
      for (const rules::RuleFile& file : subject_.rule_files) groups += file.groups.size();
      return groups;
    }
    if (what == "health checks") {
      std::set<std::string> checks;
      const auto& endpoints = subject_.system->service.health;
      if (endpoints.empty()) return std::nullopt;
      for (const auto& check : endpoints.front().checks) checks.insert(check.name);
      return checks.size();
    }
    return std::nullopt;
  }

  void look_at_count(const contract::CountPromise& count) {
    const auto is = counted(count.what);
    if (!is) return;
    const bool right = count.at_least ? *is >= count.documented : *is == count.documented;
    if (right) return;
    add(kContractCount, count.pos,
        fmt::format("{}{} {} are documented, and {} are listed", count.documented,
                    count.at_least ? "+" : "", count.what, *is));
  }

  const Subject& subject_;
  const contract::Contract& promised_;
  std::vector<const contract::Metric*> undescribed_;
  FactFinder facts_;
  Findings& findings_;
};

void look_at_contract(const Subject& subject, Findings& findings) {
  if (subject.contract && subject.system) ContractLook(subject, findings).look();
}

}  // namespace

const CheckGroup kContractChecks{kContracts, look_at_contract};

}  // namespace tocsin::check
