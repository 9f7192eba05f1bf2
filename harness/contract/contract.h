#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/base/units.h"
#include "harness/faults/fault.h"
#include "harness/model/series.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/system.h"

/// What a system's documentation promises, as data: contract.yaml beside system.yaml.

namespace tocsin::contract {

/// On which side of its threshold an alert fires.
enum class Comparison { kAbove, kAtLeast, kBelow, kAtMost, kEqual };
/// "above", "at least", …
std::string_view to_string(Comparison comparison);
/// ">", ">=", …
std::string_view symbol(Comparison comparison);
bool fires_upwards(Comparison comparison);  ///< kAbove and kAtLeast
bool holds(Comparison comparison, double value, double threshold);

/// What makes an alert fire. `fires_at`, `silent_at` and the range are in the unit of the alert's
/// threshold; the signal is `factor` times that.
struct Cause {
  enum class Kind {
    kSignal,   ///< a signal of a target reaches the threshold
    kTraffic,  ///< the rate of requests does
    kState,    ///< something is broken or not: nothing to measure a threshold by
  };
  Kind kind = Kind::kSignal;
  SourcePos pos;
  std::string target = "service";
  std::string endpoint;  ///< kSignal: of one endpoint; empty: of all
  std::string signal;
  Dimension dimension = Dimension::kNumber;  ///< of the signal
  bool percentile_or_distribution = false;   ///< the signal is always above zero
  double factor = 1;
  double fires_at = 0;
  std::optional<double> silent_at;  ///< none: the normal state is the silent one
  double low = 0;                   ///< where the threshold is looked for
  double high = 0;
  /// Further changes of the same target while the signal is driven (kSignal), all that is broken
  /// (kState): one fault a target, without times.
  std::vector<faults::Fault> faults;
  /// kState: a near state in which the alert must stay silent; may be empty.
  std::vector<faults::Fault> near;
  /// What is so before and after, for an alert that the normal state fires already; may be empty.
  std::vector<faults::Fault> otherwise;
  /// How long the cause lasts at most, for an alert on a jump, which ends by itself; none: as long
  /// as it is needed.
  std::optional<Duration> lasts;

  /// "error_rate of /api/chat", "traffic", "postgres postgres.up 0".
  std::string describe() const;
};

struct Alert {
  std::string name;  ///< of the rule
  std::string id;    ///< of the catalogue; may be empty
  SourcePos pos;
  std::vector<int> lines;  ///< of the guide
  std::string says;        ///< the guide's words
  std::string severity;    ///< empty: none
  std::optional<Quantity> threshold;
  std::string threshold_text;  ///< as written
  SourcePos threshold_pos;
  Comparison is = Comparison::kAbove;
  Duration hold{0};  ///< `for`
  std::optional<Duration> window;
  std::vector<std::string> ours;  ///< values that the guide does not give
  std::vector<Cause> drive;       ///< empty: nothing known makes it fire
  std::vector<std::string> also;  ///< alerts that may fire with it
  std::string note;

  bool is_ours(std::string_view what) const;
};

struct Metric {
  std::string name;
  SourcePos pos;
  std::string target = "service";
  std::optional<MetricType> type;
  std::vector<std::string> labels;  ///< without le and quantile
  std::string unit;
  std::vector<int> lines;
  std::vector<std::string> ours;
  std::string note;
};

/// A state of a health endpoint, and what brings it about.
struct HealthPromise {
  SourcePos pos;
  std::string id;
  std::string target = "service";
  std::string endpoint;
  std::string state;  ///< healthy, degraded, unhealthy, ready, not ready; empty: none is promised
  std::optional<int> code;
  std::vector<faults::Fault> when;            ///< empty: the normal state
  std::map<std::string, std::string> fields;  ///< JSON pointer and JSON text
  std::optional<scenario::ValueClaim> latency;
  Duration after{0};  ///< since the process started: not promised before
  std::vector<int> lines;
  std::vector<std::string> ours;
  std::string note;
};

struct ScrapeJob {
  std::string job;
  SourcePos pos;
  std::optional<std::uint16_t> port;
  std::string path;
  std::optional<Duration> interval;
  std::vector<int> lines;
};

struct ScrapePromise {
  std::optional<Duration> interval;
  std::optional<Duration> evaluation_interval;
  std::vector<ScrapeJob> jobs;
  std::vector<std::string> ours;
};

/// "50+ metrics".
struct CountPromise {
  SourcePos pos;
  std::string what;
  std::uint64_t documented = 0;
  bool at_least = false;  ///< written with a "+"
  std::vector<int> lines;
  std::string note;
};

/// Sampling rates and budgets of overhead.
struct LimitPromise {
  SourcePos pos;
  std::string id;
  std::string what;
  std::string limit;  ///< as written
  Quantity quantity;
  std::string per;
  std::vector<int> lines;
  std::string note;
};

struct AdminPromise {
  SourcePos pos;
  std::string path;
  std::string method = "GET";
  std::string says;
  std::vector<int> lines;
};

struct RunbookPromise {
  SourcePos pos;
  std::string id;
  std::string title;
  std::string says;
  std::vector<std::string> alerts;
  std::vector<int> lines;
};

/// What is promised in words only: dashboards, configuration, success criteria.
struct FurtherPromise {
  SourcePos pos;
  std::string id;
  std::string says;
  std::vector<std::string> shown_by;  ///< files of the system's folder
  std::vector<int> lines;
  std::string note;
};

struct Contract {
  std::string system;
  std::string file;
  SourcePos pos;
  std::string guide;
  std::string guide_date;
  std::string guide_file;
  double traffic_hz = 50;  ///< the normal load
  std::vector<Alert> alerts;
  std::vector<Metric> metrics;
  std::vector<HealthPromise> health;
  ScrapePromise scrape;
  std::vector<CountPromise> counts;
  std::vector<LimitPromise> sampling;
  std::vector<LimitPromise> budgets;
  std::vector<AdminPromise> admin;
  std::vector<RunbookPromise> runbooks;
  std::vector<FurtherPromise> promises;

  const Alert* alert(std::string_view name) const;
};

/// The contract of a system: contract.yaml in its folder.
std::string contract_file(const scenario::System& system);

/// Every problem goes to `diagnostics`; nothing when there was any, also when there is no file.
std::optional<Contract> load_contract(const scenario::System& system, Diagnostics& diagnostics);

/// JSON Schema (2020-12) of contract files, for editors.
std::string contract_schema();

}  // namespace tocsin::contract
