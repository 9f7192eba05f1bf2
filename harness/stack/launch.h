#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/net/loop.h"
#include "harness/net/task.h"
#include "harness/rules/rule.h"
#include "harness/stack/program.h"
#include "harness/stack/prometheus_config.h"
#include "harness/stack/run_folder.h"

/// A Prometheus and an Alertmanager of our own for one run: started on free loopback ports with
/// their files in a temporary folder, and gone when the run is over, however it ends.

namespace tocsin::stack {

/// A target to be scraped, and whether it may be asked several times as often before the run.
struct LaunchTarget {
  ScrapeJob job;
  bool may_vary = true;
};

struct LaunchSetup {
  Program prometheus;
  std::optional<Program> alertmanager;
  std::string alertmanager_config;  ///< alertmanager.yml, when there is one
  std::vector<LaunchTarget> targets;
  std::vector<const rules::RuleGroup*> groups;  ///< as they should be evaluated; outlive it
  std::vector<std::pair<std::string, std::string>> external_labels;
  std::vector<std::string> unsent_alerts;  ///< names of those that Alertmanager hears nothing of
  Duration evaluation_interval{0};
  Duration lookback{0};
  Duration resend_delay{0};
  Duration for_grace_period{0};
  Duration for_outage_tolerance{0};
  bool keep_logs = false;  ///< also when nothing went wrong
  /// Set from outside: give up.
  const std::atomic<bool>* stop = nullptr;
};

class Launch {
 public:
  /// Both programs are ready on return, all targets have been scraped, and no rule has been
  /// evaluated yet. What a program refuses is an error in its own words.
  /// `folder` is for their files.
  static net::Task<Result<std::unique_ptr<Launch>>> start(net::Loop& loop, LaunchSetup setup,
                                                          RunFolder folder);
  /// Stops what runs.
  ~Launch();

  /// "http://127.0.0.1:port"; of Alertmanager empty when there is none.
  const std::string& prometheus_url() const;
  const std::string& alertmanager_url() const;

  /// When the run should begin: some time after now, so that scrapes and evaluations come as in a
  /// simulated run as far as possible.
  Timestamp choose_start() const;
  /// Makes Prometheus forget what it has scraped before `start` and evaluate the rules from then
  /// on. Returns when `start` has come.
  net::Task<Result<void>> begin_at(Timestamp start);

  /// Why the run cannot go on: a program has ended, or says that its disk is full. Empty: it can.
  std::string trouble();
  /// The folder is to be kept: the run has trouble with them that they do not know of.
  void keep_logs();
  /// Stops both; afterwards the folder with their logs is gone, or, when it is to be kept, its path
  /// is returned. It is kept after trouble.
  std::string stop();

 private:
  struct Impl;
  explicit Launch(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::stack
