#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/base/units.h"
#include "harness/faults/fault.h"
#include "harness/model/series.h"
#include "harness/scenario/formula.h"

/// A system as data: what system.yaml says, checked. See scenarios/procode/system.yaml for a whole
/// one.

namespace tocsin::scenario {

/// A positive quantity (latency in seconds, size in bytes) by its percentiles: (p, value), p in (0,
/// 1), both ascending, at least one. Between two points the logarithm of the value is interpolated
/// over the normal quantile of p (so p50 and p99 alone make a log-normal); outside, the nearest
/// segment goes on.
struct Distribution {
  std::vector<std::pair<double, double>> percentiles;
};

/// A named quantity over time. Faults move it; instruments and health checks read it.
struct Signal {
  std::string name;
  SourcePos pos;
  Dimension dimension = Dimension::kNumber;
  /// A constant or a formula over other signals; of a distribution its mean, where that is given.
  std::optional<Formula> value;
  std::optional<Distribution> distribution;
  /// What comes to the value each second since the run's start: a database that grows, a leak.
  /// What has come stays, also when a fault that made it grow is over.
  std::optional<Formula> grows;
  /// Standard deviation of each reading, as a share of the value; only for constants and formulas.
  double noise = 0;
  /// What it can be at all; values beyond are refused where they are written, and cut off where
  /// they come from formulas and faults.
  std::optional<double> min;
  std::optional<double> max;
  /// Follows from other signals alone: faults move those. Keeps a model consistent.
  bool derived = false;
  std::string help;
};

/// Part of handling a request; becomes a span.
struct Stage {
  std::string name;
  SourcePos pos;
  double share = 0;           ///< of the request's duration
  std::string kind;           ///< server, client, internal, producer, consumer
  std::vector<Stage> stages;  ///< within this one; their shares are of this stage
};

struct Endpoint {
  std::string name;  ///< as mixes and label $endpoint have it; by default the path
  SourcePos pos;
  std::string method = "GET";
  std::string path;
  double weight = 1;
  Distribution latency;
  /// HTTP status and share; together 1. The 5xx shares sum to the endpoint's own error_rate; when a
  /// fault moves error_rate, 5xx shares grow in proportion (500 alone when there is none) and the
  /// others shrink.
  std::vector<std::pair<int, double>> statuses;
  std::optional<Distribution> request_bytes;
  std::optional<Distribution> response_bytes;
  std::vector<Stage> stages;
};

/// One label of an instrument: a constant, a property of the request, or a split by shares.
struct InstrumentLabel {
  enum class Kind { kConstant, kMethod, kEndpoint, kStatus, kSplit };
  std::string name;
  Kind kind = Kind::kConstant;
  std::string constant;
  std::vector<std::pair<std::string, double>> split;  ///< value and share; together 1
};

/// One binding of an instrument; several make several sets of series of the same family.
struct InstrumentSeries {
  enum class Binding {
    kRequests,        ///< counter: requests answered
    kRequestLatency,  ///< histogram or summary: seconds
    kRequestBytes,    ///< histogram or summary
    kResponseBytes,   ///< histogram or summary
    kValue,           ///< gauge (or info): `formula` at the scrape
    kRate,        ///< counter: `formula` is events per second; histogram: observations per second
    kPerRequest,  ///< counter: `formula` for each request (tokens, cost); histogram: observations
                  ///< of `distribution` for each request
    kScrapes,     ///< counter: scrapes answered, this one included
  };
  SourcePos pos;
  Binding binding = Binding::kValue;
  std::vector<InstrumentLabel> labels;
  std::optional<Formula> formula;
  /// kRate and kPerRequest of histograms: the name of a distribution signal.
  std::string distribution;
  /// Counters: grow by real numbers (cost, seconds) instead of whole events.
  bool fractional = false;
  /// Exposed only while this is not zero.
  std::optional<Formula> when;
  /// Only requests of this endpoint / with these statuses ("5xx", "404"); empty: all.
  std::string only_endpoint;
  std::vector<std::string> only_statuses;
};

/// A metric family that a target exports.
struct Instrument {
  FamilyInfo family;  ///< counters: with _total, as in the text format
  SourcePos pos;
  std::vector<double> buckets;    ///< histograms: ascending upper bounds without +Inf
  std::vector<double> quantiles;  ///< summaries
  std::vector<InstrumentSeries> series;
  /// Counted by what the exporter speaks for (Target::backend), not by its own process.
  bool of_backend = false;
};

enum class HealthState { kHealthy, kDegraded, kUnhealthy };
std::string_view to_string(HealthState state);

/// A value in a health answer's body.
struct HealthField {
  enum class Kind {
    kText,
    kNumber,
    kState,      ///< $state: healthy, degraded or unhealthy
    kOk,         ///< $ok: whether it is not unhealthy
    kTimestamp,  ///< $timestamp
    kUptime,     ///< $uptime, in seconds
    kChecks,     ///< $checks: the objects of all checks by name; in an endpoint's body only
    kMessage,    ///< $message: the check's message for its state; in a check's body only
    kJson,
    kObject,  ///< `children`, in order
  };
  Kind kind = Kind::kText;
  std::string key;
  /// kText: a TextTemplate (text_template.h), checked. kJson: a literal (number, bool, null, list).
  std::string text;
  std::optional<Formula> number;  ///< kNumber
  int decimals = -1;              ///< kNumber: rounded to so many; -1: as it is
  std::vector<HealthField> children;
};

struct HealthCheck {
  std::string name;
  SourcePos pos;
  std::optional<Formula> degraded;   ///< non-zero: this check is degraded
  std::optional<Formula> unhealthy;  ///< wins over degraded
  /// When an uncritical check is unhealthy the whole is only degraded.
  bool critical = true;
  std::vector<HealthField> fields;   ///< of its object in the body, in order
  std::optional<HealthField> value;  ///< instead of an object
  /// For a field `$message`: TextTemplates (text_template.h), checked; a state may be missing.
  std::map<HealthState, std::string> messages;
};

/// Kubernetes' probe settings, with its defaults.
struct ProbeSpec {
  Duration initial_delay{0};
  Duration period = std::chrono::seconds(10);
  Duration timeout = std::chrono::seconds(1);
  int success_threshold = 1;
  int failure_threshold = 3;
};

struct HealthEndpoint {
  std::string path;
  SourcePos pos;
  std::vector<HealthCheck> checks;
  std::vector<HealthField> body;
  std::map<HealthState, int> codes;  ///< all three set
  Duration latency = std::chrono::milliseconds(5);
  ProbeSpec probe;
};

/// What operators call to make the process do something. Its effect is told as a fault is, and
/// begins with the call.
struct AdminEndpoint {
  std::string path;
  SourcePos pos;
  std::string method = "POST";
  int code = 200;
  Duration latency = std::chrono::milliseconds(5);
  std::vector<HealthField> body;  ///< texts, numbers, $timestamp, $uptime, as before the effect
  std::vector<faults::SignalChange> changes;
  std::vector<faults::TargetFault> target_faults;
  Duration length{0};  ///< of the effect
};

/// What an exporter speaks for, a host or a database: it lives and dies apart from the exporter's
/// process. The signals backend.uptime and backend.recovering come with it.
struct Backend {
  /// Not zero while it runs; nothing of it is counted while it does not. Coming back is a restart.
  std::optional<Formula> up;
  /// Not zero while the exporter can read it; else none of its instruments is exposed.
  std::optional<Formula> shown;
  Duration age{0};              ///< at the run's start; its counters begin accordingly
  bool keeps_counters = false;  ///< over restarts, as PostgreSQL's statistics
  bool takes_exporter = false;  ///< the exporter's process restarts with it, as on one host
};

/// How scrapes are answered when that depends on signals.
struct ScrapeAnswer {
  std::optional<Formula> delay;  ///< seconds until the answer
  std::optional<Formula> fails;  ///< not zero: HTTP 500 with `failure` as the body
  std::optional<Formula> hangs;  ///< not zero: no answer
  std::string failure;
};

/// What is scraped: the service itself or an exporter.
struct Target {
  std::string name;  ///< "service" or the exporter's name in the file
  SourcePos pos;
  std::string job;
  std::string instance;    ///< label; "localhost:9998"
  std::uint16_t port = 0;  ///< documented port; live runs use it only when asked to
  std::string metrics_path = "/metrics";
  std::vector<std::pair<std::string, std::string>> labels;  ///< further target labels
  Duration scrape_interval = std::chrono::seconds(15);
  Duration scrape_timeout = std::chrono::seconds(10);
  bool honor_labels = false;
  std::string version;  ///< for bodies and info metrics
  /// The exporter that it mocks: "node", "postgres", … (exporter_kind.h); empty for others.
  std::string kind;
  std::optional<Backend> backend;
  ScrapeAnswer answer;

  std::vector<Signal> signals;
  std::vector<Endpoint> endpoints;  ///< none for exporters
  std::vector<Instrument> instruments;
  std::vector<HealthEndpoint> health;
  std::vector<AdminEndpoint> admin;
  /// Of exporters: the service that they stand beside, whose signals their formulas may read as
  /// service.NAME. The service reads none of an exporter's, so nothing drives itself through it.
  std::shared_ptr<const Target> service;
};

/// What an exporter's formulas write before a signal of the service.
inline constexpr std::string_view kOfService = "service.";

/// Signals that every target with endpoints has without declaring them:
///   request_rate   requests per second (read only)
///   error_rate     share answered 5xx; may be set, multiplied, shifted, by endpoint too
///   latency        as a whole: factors and offsets; set means its median
///   latency.pNN    the latency distribution's percentiles; setting one scales the distribution
///   in_flight      requests being handled: rate × mean latency (read only)
///   uptime         seconds since the process started (read only)
///   now            seconds since 1970 (read only)
///   started        when the process started, in seconds since 1970 (read only)
/// Targets without endpoints have the last three; those with a backend also
///   backend.uptime      seconds since the backend started (read only)
///   backend.started     when it did, in seconds since 1970 (read only)
///   backend.recovering  1 in the first scrape after it was down (read only)
/// Distribution signals likewise have NAME and NAME.pNN. Exporters read all of the service's as
/// service.NAME.
struct BuiltinSignal {
  std::string_view name;
  Dimension dimension;
  bool settable;
  std::string_view help;
};
const std::vector<BuiltinSignal>& builtin_signals();

/// What a signal's name means on a target.
struct SignalName {
  Dimension dimension = Dimension::kNumber;
  bool settable = true;  ///< faults may move it
  bool builtin = false;
  bool distribution = false;  ///< NAME of a distribution, which as a number is its median
  bool of_service = false;    ///< an exporter's service.NAME: read only there
  std::optional<double> percentile = {};  ///< of NAME.pNN, in (0, 1)
  std::string base;                       ///< the name without .pNN
};
/// Declared, builtin or a percentile of a distribution; nothing when the target has no such signal.
std::optional<SignalName> find_signal(const Target& target, std::string_view name);
/// The percentile that a signal's name ends in: 0.95 of "latency.p95".
std::optional<double> percentile_name(std::string_view name);
/// What faults can move to move a derived signal, in order of appearance.
std::vector<std::string> drivers_of(const Target& target, std::string_view derived);
/// All names of its own but percentiles, for hints: declared ones first.
std::vector<std::string> signal_names(const Target& target);
/// What its formulas can read that `name` may have meant: its own signals, unless it begins as the
/// service's do, then those of the service.
std::vector<std::string> readable_names(const Target& target, std::string_view name);

/// An alert manager inside of the service, as some services document one: at each poll it asks
/// which of its alerts' conditions hold, tells channels at once, and then keeps quiet about that
/// alert for a while. Nothing is grouped, no end is told.
struct PolledAlerts {
  struct Alert {
    std::string name;  ///< of an alerting rule: its condition holds while that fires
    SourcePos pos;
    std::string severity;               ///< info, warning, error or critical
    std::vector<std::string> channels;  ///< empty: those of its severity
    Duration cooldown{0};
  };
  SourcePos pos;
  Duration every = std::chrono::seconds(60);
  std::map<std::string, std::vector<std::string>> channels;  ///< by severity
  std::vector<Alert> alerts;                                 ///< no Alertmanager hears of these
};

struct System {
  std::string name;
  std::string title;
  std::string guide;   ///< the document it follows
  std::string folder;  ///< where system.yaml lies
  std::string file;
  Target service;
  std::vector<Target> exporters;
  std::vector<std::string> rule_files;  ///< paths, relative to the working folder
  /// As the rule files name them, each once. Empty when they cannot be read as YAML: saying why is
  /// harness/rules' part.
  std::vector<std::string> alert_names;
  Duration evaluation_interval = std::chrono::seconds(15);
  std::string alertmanager_file;  ///< path as of rule_files; empty: there is no Alertmanager
  /// As that file names them, then the channels of polled alerts. Empty when the file cannot be
  /// read as YAML: saying why is harness/alerting's part.
  std::vector<std::string> receiver_names;
  std::vector<std::string> time_interval_names;                      ///< likewise
  std::vector<std::pair<std::string, std::string>> external_labels;  ///< on every alert sent
  std::optional<PolledAlerts> polled_alerts;

  const Target* target(std::string_view name) const;
  /// Whether anybody is told of alerts at all.
  bool routes_alerts() const { return !alertmanager_file.empty() || polled_alerts; }
};

}  // namespace tocsin::scenario
