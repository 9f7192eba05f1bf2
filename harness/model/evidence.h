#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/time.h"
#include "harness/model/labels.h"
#include "harness/model/latency_histogram.h"
#include "harness/model/series.h"

/// Everything that a run saw. Evidence is the only thing that passes from running to judging; it
/// does not say how it was made, so assertions and reports treat a simulated hour, a live run and a
/// real Prometheus alike.

namespace tocsin {

enum class RunMode { kSimulated, kLive };

/// How the run was made, for reports; assertions look at `partial` and `invalid_reason` only.
struct RunInfo {
  std::string scenario;       ///< its name
  std::string scenario_file;  ///< as given
  std::string system;
  RunMode mode = RunMode::kSimulated;
  std::uint64_t seed = 0;
  Timestamp start = {};   ///< virtual start in simulated runs, wall clock in live ones
  Timestamp end = {};     ///< when it ended; earlier than planned when partial
  Duration planned = {};  ///< unscaled length of the scenario
  /// Live runs: every duration of the scenario was divided by this. Offsets in the evidence are
  /// real; multiply by it to compare with the scenario.
  double time_scale = 1;
  Duration evaluation_interval = {};  ///< unscaled
  Duration scrape_interval = {};      ///< unscaled; the shortest of all targets
  bool partial = false;               ///< interrupted
  std::string invalid_reason;         ///< not empty: a measurement that says nothing (exit 3)
  std::vector<std::string> warnings;  ///< e.g. what --time-scale could not scale
};

enum class EventKind { kTrafficStart, kTrafficEnd, kPhase, kFaultStart, kFaultEnd };

/// A point of the timeline that expectations may name.
struct Event {
  EventKind kind = EventKind::kPhase;
  std::string name;         ///< of the fault or phase
  std::string description;  ///< e.g. "service error_rate 8%"
  Timestamp at = {};
};

enum class AlertState { kInactive, kPending, kFiring };
std::string_view to_string(AlertState state);

/// One alert's life. A pending alert that never fires is an episode without `firing_at`.
struct AlertEpisode {
  std::string group;
  std::string alert;
  Labels labels;                                   ///< with alertname, without __name__
  std::map<std::string, std::string> annotations;  ///< as rendered last
  Duration hold = {};                              ///< the rule's `for`, unscaled
  Timestamp pending_at = {};                       ///< first evaluation with a result
  std::optional<Timestamp> firing_at;
  std::optional<Timestamp> resolved_at;  ///< first evaluation after its end; none: still active
  double value_at_start = 0;             ///< of the expression when it went pending
  double value_at_firing = 0;
  double value_last = 0;
};

/// What an alerting rule says, so that a judgement can show why an alert did not ring.
struct AlertRuleInfo {
  std::string group;
  std::string alert;
  std::string expression;
  Duration hold = {};  ///< unscaled
};

/// One answer of a health endpoint.
struct ProbeResult {
  std::string target;    ///< the service's or exporter's name
  std::string endpoint;  ///< path
  Timestamp at = {};     ///< when it was asked
  int status_code = 0;   ///< 0: no answer, see `error`
  Nanos latency{0};
  std::string body;
  std::string error;  ///< "timeout", "connection refused", …
  /// What Kubernetes would think after this answer, by the probe's thresholds.
  bool considered_ok = true;
};

/// One alert within a notification.
struct NotificationAlert {
  Labels labels;
  std::map<std::string, std::string> annotations;
  bool firing = true;
  Timestamp starts_at = {};
  std::optional<Timestamp> ends_at;  ///< when it is resolved
};

/// One attempt of the router to tell one integration of a receiver.
struct NotificationRecord {
  Timestamp at = {};
  std::string receiver;               ///< its name in alertmanager.yml
  std::string integration;            ///< "slack", "webhook", "email" …
  std::size_t integration_index = 0;  ///< among those of its kind in the receiver
  std::string group_key;              ///< empty where the payload does not tell it
  Labels group_labels;
  bool firing = true;  ///< of the whole: at least one of its alerts is
  /// As far as the payload tells them: PagerDuty and e-mail tell texts, the embedded router all.
  std::vector<NotificationAlert> alerts;
  std::string reason;  ///< "first notification", "new alerts added" …; empty when unknown
  std::string title;   ///< subject or summary, as a human reads it
  std::string text;    ///< the rest of what a human reads; secrets are masked
  int attempt = 1;     ///< of this notification
  int status = 200;    ///< HTTP's, or 250 of a mail; 0: no answer, see `error`
  bool delivered = true;
  std::string error;  ///< when not delivered
};

/// A stretch of time in which a firing alert was kept from being notified.
struct Suppression {
  enum class Kind { kInhibited, kSilenced, kMuted };
  Kind kind = Kind::kInhibited;
  Labels alert;
  Timestamp from = {};
  std::optional<Timestamp> to;  ///< none: until the run's end
  Labels by;                    ///< the inhibiting alert's
  std::string name;             ///< the silence's comment or the time interval's name
};

/// Who could be told at all.
struct ReceiverInfo {
  std::string name;
  std::vector<std::string> integrations;  ///< kinds; none: a black hole
};

/// Where the routes send an alert, whether or not that reaches anybody.
struct RoutedAlert {
  Labels alert;                        ///< as sent: with external labels
  std::vector<std::string> receivers;  ///< in the order of the routes
  /// Unscaled. While the alert fires unsuppressed, it is told after at most so long: the longest
  /// wait or interval of a group on its routes.
  Duration told_within = {};
  /// No route below the root took it, though there are some. A root alone is a choice.
  bool fell_through = false;
};

struct RoutingInfo {
  std::string default_receiver;  ///< of the root route
  std::vector<ReceiverInfo> receivers;
  std::vector<RoutedAlert> alerts;  ///< those that fired; empty: not known
};

struct ScrapeRecord {
  std::string target;  ///< the service's or exporter's name
  Timestamp at = {};   ///< timestamp of its samples
  bool ok = true;
  Nanos duration{0};
  std::uint32_t samples = 0;
  std::string error;  ///< when not ok
};

/// What a target exports, from the last good scrape.
struct TargetFamilies {
  std::string target;
  Labels labels;  ///< job and instance
  std::vector<FamilyInfo> families;
  std::vector<std::string> lint;  ///< findings as `promtool check metrics` words them
};

/// scheduled = completed + failed + dropped + unfinished, always.
struct LoadLedger {
  std::uint64_t scheduled = 0;
  std::uint64_t completed = 0;   ///< an answer came, whatever its status
  std::uint64_t failed = 0;      ///< connection refused or lost, timeout, protocol error
  std::uint64_t dropped = 0;     ///< never sent: the limits on waiting requests were reached
  std::uint64_t unfinished = 0;  ///< in flight when the run ended

  LoadLedger& operator+=(const LoadLedger& other);
  bool balanced() const { return scheduled == completed + failed + dropped + unfinished; }
  bool operator==(const LoadLedger&) const = default;
};

/// Requests of one endpoint, or of all, over a stretch of time.
struct LoadCounts {
  LoadLedger ledger;
  std::map<int, std::uint64_t> by_status;
  std::map<std::string, std::uint64_t> by_error;  ///< reasons of `failed`
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  LatencyHistogram response;  ///< from the intended send time
  LatencyHistogram service;   ///< from the actual send time
  LatencyHistogram send_lag;  ///< actual minus intended send time: the generator's own lateness

  void merge(const LoadCounts& other);
  /// Answers with 5xx and failed requests.
  std::uint64_t errors() const;
};

struct LoadSlice {
  Timestamp from = {};
  Duration length = {};
  LoadCounts counts;
  std::map<std::string, LoadCounts> by_endpoint = {};  ///< together `counts`
};

/// What the load generator saw; in simulated runs, what the model drew.
struct LoadResult {
  Timestamp from = {};  ///< after warm-up
  Timestamp to = {};
  LoadCounts total;
  std::map<std::string, LoadCounts> by_endpoint;
  std::vector<LoadSlice> slices;  ///< in time order, together the whole of `total`
};

struct Evidence {
  RunInfo run;
  std::vector<Event> events;                    ///< in time order
  std::shared_ptr<const SeriesSource> samples;  ///< never null after a run
  std::vector<TargetFamilies> targets;
  std::vector<AlertRuleInfo> rules;
  std::vector<AlertEpisode> episodes;  ///< by pending_at, then labels
  std::vector<ProbeResult> probes;     ///< by time
  std::vector<ScrapeRecord> scrapes;   ///< by time
  std::optional<LoadResult> load;
  std::optional<RoutingInfo> routing;             ///< none: nobody routed anything
  std::vector<NotificationRecord> notifications;  ///< by time
  std::vector<Suppression> suppressions;          ///< by their beginning

  /// Offset since the run's start, in the scenario's unscaled time.
  Duration offset_of(Timestamp t) const;
  /// The point of the run that is `offset` of scenario time after its start.
  Timestamp at_offset(Duration offset) const;
};

}  // namespace tocsin
