#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assertions/judgement.h"
#include "harness/model/evidence.h"
#include "reports/page_load.h"

/// What reports render: judgements and the small part of the evidence that a reader needs, without
/// the samples, so that a run of a thousand scenarios stays small in memory.

namespace tocsin::reports {

/// One line of a scenario's story.
struct TimelineEntry {
  Duration at{0};    ///< since the scenario's start, in its own time
  std::string kind;  ///< traffic, fault, alert, notified, withheld, health, scrape
  std::string text;
};

/// The figures of a load result.
struct LoadFigures {
  LoadLedger ledger;
  double seconds = 0;
  double throughput = 0;  ///< completed a second
  double error_rate = 0;
  Nanos p50{0}, p90{0}, p95{0}, p99{0}, max{0};  ///< response time, from the intended send
  Nanos service_p50{0}, service_p99{0};          ///< from the actual send
  Nanos send_lag_p99{0};                         ///< the generator's own lateness
};

/// One notification of the story.
struct NotificationEntry {
  Duration at{0};
  std::string kind;  ///< first, update, repeat, resolved
  std::string receiver;
  std::string integration;
  Labels group;
  std::string alerts;      ///< "DiskFull ×500"
  std::size_t firing = 0;  ///< of them
  std::size_t resolved = 0;
  std::string title;
  std::size_t attempts = 1;
  bool delivered = true;
  std::string error;  ///< of the last attempt, when it was not delivered

  /// "first to on-call by slack, DiskFull ×500".
  std::string text;
};

/// Reports show the first of them; page loads count all.
inline constexpr std::size_t kMostNotifications = 300;

struct ScenarioSummary {
  RunInfo run;
  assertions::Verdict verdict;
  std::vector<TimelineEntry> timeline;  ///< by time
  std::vector<AlertEpisode> episodes;
  std::optional<LoadFigures> load;
  std::optional<PageLoad> pages;  ///< none: nobody routed alerts
  std::vector<NotificationEntry> notifications;
  std::size_t notifications_left_out = 0;
  Nanos took{0};  ///< real time
  /// Not empty: the run could not be made at all, and why; everything else may be empty then.
  std::string trouble;
};

ScenarioSummary summarise(const Evidence& evidence, assertions::Verdict verdict, Nanos took);

/// One call of the command line.
struct RunSummary {
  std::string version;
  Timestamp started = {};
  Nanos took{0};
  bool interrupted = false;
  std::vector<ScenarioSummary> scenarios;  ///< in the order in which they were named

  std::size_t count(assertions::Outcome outcome) const;
  std::size_t judgements(assertions::Outcome outcome) const;
};

/// The page loads of all scenarios of a run together. Receivers of the same name in different
/// systems are different ones.
struct RunPageLoad {
  struct Receiver {
    std::string system;
    ReceiverLoad load;
  };
  std::vector<Receiver> receivers;  ///< those with most pages first
  PageTotals total;
  const ScenarioSummary* busiest = nullptr;  ///< the scenario that has the busiest hour of all
  const ScenarioSummary* slowest = nullptr;  ///< the one that has the slowest page of all
  std::size_t scenarios = 0;                 ///< with routing
};
/// None: nobody routed alerts in any scenario. It points into `run`.
std::optional<RunPageLoad> page_load(const RunSummary& run);

/// A scenario's outcome; trouble counts as inconclusive.
assertions::Outcome outcome_of(const ScenarioSummary& scenario);

}  // namespace tocsin::reports
