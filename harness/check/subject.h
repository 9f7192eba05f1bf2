#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/alerting/config.h"
#include "harness/base/time.h"
#include "harness/check/catalogue.h"
#include "harness/check/prometheus_config.h"
#include "harness/contract/contract.h"
#include "harness/rules/rule.h"
#include "harness/scenario/scenario.h"
#include "harness/yaml/source_text.h"

namespace tocsin::check {

struct RuleUse {
  const rules::RuleFile* file = nullptr;
  const rules::RuleGroup* group = nullptr;
  const rules::Rule* rule = nullptr;

  bool alerts() const { return rule->kind == rules::Rule::Kind::kAlerting; }
  /// "alert X" or "recording x".
  std::string about() const;
  /// How often it is evaluated, where that is known.
  std::optional<Duration> interval(const std::optional<Duration>& standard) const {
    return group->interval ? group->interval : standard;
  }
};

/// A page that a target showed.
struct Page {
  std::string file;
  std::map<std::string, int, std::less<>> lines;  ///< where a family begins
  std::vector<metrics::FamilySamples> families;
};

/// What is checked as a whole: rules that may read each other, with all that is known of what they
/// read.
struct Subject {
  std::vector<rules::RuleFile> rule_files;
  /// The texts of all files that were read, by path.
  std::map<std::string, std::shared_ptr<const yaml::SourceText>> sources;
  std::vector<RuleUse> rules;                      ///< of all files
  std::shared_ptr<const scenario::System> system;  ///< null: not known
  /// The system itself is being checked, not only rules against it.
  bool whole_system = false;
  std::vector<scenario::Scenario> scenarios;
  std::optional<contract::Contract> contract;  ///< of the system
  double traffic_hz = 50;                      ///< the system's usual load
  std::vector<Page> pages;                     ///< to be checked themselves
  std::vector<std::shared_ptr<const alerting::Config>> alertmanagers;
  /// Of these only what is written is known.
  std::vector<std::shared_ptr<const alerting::Config>> refused_alertmanagers;
  std::vector<PrometheusConfig> prometheuses;

  std::optional<Catalogue> exported;  ///< nothing: not known
  /// Of the system: those of which nobody says what they export, so that a metric that is not known
  /// may be theirs.
  std::vector<const scenario::Target*> undescribed;
  std::optional<Duration> scrape_interval;  ///< of targets that are not known
  std::optional<Duration> evaluation_interval;

  /// The rules that record a metric.
  const std::vector<const RuleUse*>& recorders(std::string_view metric) const;
  bool has_alert(std::string_view name) const;
  /// Whether a metric that is not known may be one of an undescribed target's rather than a slip.
  bool may_be_undescribed(std::string_view metric) const;
  /// "service and database", of those.
  std::string undescribed_names() const;
  /// What to do about it.
  std::string way_to_describe() const;
  /// The exported metric of that name or, when there is none, the one that was most likely meant.
  const ExportedMetric* meant(std::string_view metric) const;
  /// The rules whose alerts an alertmanager.yml gets: all, unless there are several; then those
  /// that lie nearest to it.
  std::vector<const RuleUse*> rules_for_alertmanager(const std::string& path) const;
  /// The rules that a prometheus.yml loads, and the files of rules that lie with it or below.
  std::vector<const RuleUse*> rules_loaded_by(const PrometheusConfig& config) const;
  std::vector<const rules::RuleFile*> rule_files_near(const PrometheusConfig& config) const;
  /// Fills `rules` from the files; before anything is asked of them.
  void index_rules();

 private:
  std::map<std::string, std::vector<const RuleUse*>, std::less<>> recorders_;
  std::set<std::string, std::less<>> alerts_;
  mutable std::map<std::string, const ExportedMetric*, std::less<>> meant_;
};

}  // namespace tocsin::check
