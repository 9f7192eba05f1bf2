#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/base/time.h"
#include "harness/http/url.h"
#include "harness/rules/rule.h"

/// Configuration files for a Prometheus that Tocsin starts.

namespace tocsin::stack {

/// One target, as a job of its own.
struct ScrapeJob {
  std::string name;  ///< of the scrape job: unique; the `job` label is in `labels`
  http::Url url;     ///< of the metrics page
  /// job, instance and further ones; those that begin with "__" never reach a series.
  std::vector<std::pair<std::string, std::string>> labels;
  Duration interval{0};
  Duration timeout{0};  ///< cut to the interval
  bool honor_labels = false;
};

struct PrometheusSetup {
  std::vector<ScrapeJob> jobs;
  std::vector<std::string> rule_files;  ///< paths
  Duration evaluation_interval{0};
  std::vector<std::pair<std::string, std::string>> external_labels;
  std::string alertmanager;                ///< URL; empty: none
  std::vector<std::string> unsent_alerts;  ///< names of those that it hears nothing of
};

/// prometheus.yml.
std::string prometheus_config(const PrometheusSetup& setup);

/// A rule file that holds this group alone; `interval` instead of its own unless zero.
std::string rule_group_file(const rules::RuleGroup& group, Duration interval = Duration(0));

/// A group of that name without any effect, by which the phase of its evaluations can be seen.
std::string idle_group_file(const std::string& name, Duration interval);

}  // namespace tocsin::stack
