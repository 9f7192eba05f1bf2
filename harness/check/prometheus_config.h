#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"

/// prometheus.yml, as far as it says what is scraped, which rules are evaluated and who is told.

namespace tocsin::check {

/// A file pattern of `rule_files`.
struct RuleFilePattern {
  SourcePos pos;
  std::string pattern;             ///< as written
  bool wild = false;               ///< has a "*"
  std::vector<std::string> files;  ///< that are there, in order
};

struct ScrapeTarget {
  SourcePos pos;
  std::string address;  ///< "host:port"
};

struct ScrapeJobConfig {
  SourcePos pos;
  std::string name;
  std::vector<ScrapeTarget> targets;
  bool discovers = false;  ///< finds further targets by itself
  bool relabels = false;   ///< and may call them anything
};

struct PrometheusConfig {
  std::string path;
  SourcePos pos;
  std::optional<Duration> scrape_interval;
  std::optional<Duration> evaluation_interval;
  std::vector<std::pair<std::string, std::string>> external_labels;
  std::optional<SourcePos> rule_files_pos;  ///< none: it has no such key
  std::vector<RuleFilePattern> rule_files;
  std::optional<SourcePos> alerting_pos;  ///< likewise
  bool tells_somebody = false;            ///< it names an Alertmanager, or a way to find one
  bool scrapes = false;                   ///< it has scrape_configs
  bool more_scrapes = false;              ///< scrape_config_files has others
  std::vector<ScrapeJobConfig> jobs;
};

/// What Prometheus refuses goes to `diagnostics`, as far as it is looked at here: keys of the top
/// level and of `global`, names of jobs, durations, addresses. Nothing for what is no mapping.
std::optional<PrometheusConfig> load_prometheus_config(const std::string& path,
                                                       Diagnostics& diagnostics);

}  // namespace tocsin::check
