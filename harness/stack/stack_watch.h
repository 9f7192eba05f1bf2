#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/net/loop.h"
#include "harness/net/task.h"
#include "harness/stack/alertmanager_api.h"
#include "harness/stack/episodes.h"
#include "harness/stack/prometheus_api.h"
#include "harness/stack/sample_tap.h"
#include "harness/stack/suppression_watch.h"

namespace tocsin::stack {

/// What is asked of a running stack.
struct WatchSetup {
  ApiOptions prometheus;
  std::optional<ApiOptions> alertmanager;
  std::vector<std::string> selectors;  ///< of the samples that are read
  Timestamp samples_from = {};         ///< not included
  Duration evaluation_interval{0};
  std::shared_ptr<const alerting::Config> routing;  ///< see SuppressionWatch
};

/// A silence, and how long after the beginning of the watch it is set.
struct PlannedSilence {
  Timestamp at = {};
  NewSilence silence;
};

/// Looks at a Prometheus and an Alertmanager while a run goes on: polls rules, targets and alerts,
/// and reads samples bit by bit, so that little is lost when one of them dies.
class StackWatch {
 public:
  StackWatch(net::Loop& loop, WatchSetup setup);
  ~StackWatch();

  /// Until cancelled, or until one of them does not answer any more.
  net::Task<void> run(std::vector<PlannedSilence> silences);
  /// The last look: everything up to now. Expires the silences that run() has set.
  net::Task<void> finish();

  /// Who does not answer and why; empty: all do.
  const std::string& trouble() const;
  const SampleTap& tap() const;
  SampleTap& tap();
  const RuleWatch& rules() const;
  const SuppressionWatch& suppressions() const;
  /// Families by name, once finished.
  const std::map<std::string, FamilyInfo>& families() const;
  /// Samples were read up to here.
  Timestamp read_until() const;

  /// What scrapes failed with, by target and time of the scrape.
  struct ScrapeTrouble {
    Labels target;
    Timestamp at = {};
    std::string error;
  };
  const std::vector<ScrapeTrouble>& scrape_troubles() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::stack
