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
#include "harness/promql/parser.h"
#include "harness/scenario/system.h"
#include "harness/traffic/traffic.h"

/// A scenario as data: what its YAML file says, checked against its system.

namespace tocsin::scenario {

/// A point of the run as the user named it, resolved: all named events are known before the run.
struct TimePoint {
  Duration offset{0};  ///< since the run's start
  std::string text;    ///< as written: "5m after fault"
};

/// Both ends included; `text` is what the user wrote. `from` == `to` when a moment was named: what
/// was so then is what was last seen at or before it.
struct TimeWindow {
  Duration from{0};
  Duration to{0};
  std::string text;
};

/// A claim on a number.
struct ValueClaim {
  enum class Kind {
    kNear,     ///< |x - value| <= tolerance ("8% ± 1%"; "8% ± 10% of it" is a tolerance of 0.8%)
    kBetween,  ///< value <= x <= upper ("5%..7%")
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kEqual,
    kNotEqual,
  };
  Kind kind = Kind::kNear;
  double value = 0;
  double upper = 0;
  double tolerance = 0;
  Dimension dimension = Dimension::kNumber;  ///< how to print it
  std::string text;                          ///< as written

  /// A NaN meets no claim. Equality and the ends of kNear and kBetween allow for rounding: a
  /// relative 1e-9.
  bool holds(double x) const;
};

struct AlertExpectation {
  std::string alert;
  SourcePos pos;
  /// Only episodes whose labels include these count; the others are as if they were another
  /// alert's.
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;  ///< must be equal on the episode that fires
  /// Episodes that were over by then without firing do not count: rules that have seen but few
  /// scrapes. Not in scenario files; generated scenarios lead in.
  Duration since{0};
  bool never = false;                  ///< fires: never
  bool never_pending = false;          ///< not even pending
  std::optional<TimeWindow> pending;   ///< goes pending within
  std::optional<TimeWindow> fires;     ///< goes firing within
  std::optional<TimeWindow> resolves;  ///< ends within
  std::optional<ValueClaim> value;     ///< of the expression when it fires
  std::optional<std::uint32_t> times;  ///< number of episodes that fire
  /// "state": {at: 12m, is: firing}
  struct StateAt {
    TimePoint at;
    std::string state;  ///< inactive, pending or firing
    SourcePos pos;
  };
  std::vector<StateAt> states;
};

struct MetricExpectation {
  enum class Hold { kAt, kAlways, kEventually };
  promql::Expression expression;
  SourcePos pos;
  SourcePos expression_pos;
  Hold hold = Hold::kAt;
  TimePoint at;                         ///< with kAt
  TimeWindow window;                    ///< with kAlways, kEventually
  std::optional<ValueClaim> is;         ///< every series of the result must satisfy it
  bool absent = false;                  ///< the result must be empty
  std::optional<std::uint32_t> series;  ///< how many series the result has
};

struct HealthExpectation {
  std::string target = "service";
  std::string endpoint;
  SourcePos pos;
  TimeWindow window;  ///< every answer within, or with `eventually` at least one
  bool eventually = false;
  std::optional<std::string>
      state;  ///< healthy, degraded, unhealthy, ready, not ready: what the body says
  std::optional<int> code;
  std::map<std::string, std::string> fields;  ///< JSON pointer and JSON text of the expected value
  std::optional<ValueClaim> latency;          ///< seconds, each answer
  std::optional<bool> considered_ok;          ///< what Kubernetes thinks ("probe: passing|failing")
};

struct LoadExpectation {
  std::string endpoint;  ///< empty: all
  SourcePos pos;
  std::optional<TimeWindow> window;                        ///< none: the whole measurement
  std::optional<ValueClaim> throughput;                    ///< answers per second
  std::optional<ValueClaim> error_rate;                    ///< 5xx and failed, of all finished
  std::optional<ValueClaim> requests;                      ///< scheduled
  std::vector<std::pair<double, ValueClaim>> percentiles;  ///< of response time, seconds
};

struct ScrapeExpectation {
  std::string target = "service";
  SourcePos pos;
  struct Up {
    bool up = true;
    TimeWindow window;
    SourcePos pos;
  };
  std::vector<Up> up;
  struct Family {
    std::string name;
    SourcePos pos;
    std::optional<MetricType> type;
    std::vector<std::string> labels;  ///< must be there, on at least one series
  };
  std::vector<Family> families;
  bool lint = false;  ///< "naming: clean": promtool check metrics finds nothing
};

/// A claim on the notifications that its filters let through.
struct NotificationExpectation {
  SourcePos pos;
  std::string receiver;                       ///< empty: any
  std::string integration;                    ///< "slack", "email" …; empty: any
  std::vector<std::string> alerts;            ///< names, any of them; empty: any
  std::map<std::string, std::string> labels;  ///< of the alerts
  /// In which they are looked for; none: the whole run.
  std::optional<TimeWindow> window;

  bool never = false;                        ///< there is none
  std::optional<TimeWindow> at;              ///< the first firing one comes within
  std::optional<Duration> within_firing;     ///< each alert's first, so long after it fires
  std::optional<Duration> within_resolving;  ///< each alert's resolved one, after it resolves
  std::optional<ValueClaim> count;           ///< of notifications (not of attempts)
  std::optional<ValueClaim> pages;           ///< of those of them that tell of firing alerts
  std::optional<ValueClaim> attempts;        ///< of the worst notification
  std::optional<ValueClaim> repeats;         ///< seconds between two of a group that still fires
  bool together = false;                     ///< all alerts named are in one notification
  bool apart = false;                        ///< no two alerts named are in one notification
  std::string inhibited_by;                  ///< alert that keeps these from being told
  std::string silenced_by;                   ///< comment of the silence that does
  std::string muted_by;                      ///< time interval that does
  std::vector<std::string> contains;         ///< texts in title or text of each
  bool runbook = false;                      ///< each links the alerts' runbooks
};

/// Set while the run goes on, as an operator would.
struct SilenceSpec {
  struct Matcher {
    std::string text;  ///< as in alertmanager.yml; harness/alerting parses it
    SourcePos pos;
  };
  SourcePos pos;
  std::vector<Matcher> matchers;
  TimeWindow window;
  std::string comment;  ///< by which expectations name it: no two have the same
};

struct Expectations {
  std::vector<AlertExpectation> alerts;
  /// "others: none", or a map: no alert fires but those named.
  bool others_none = false;
  SourcePos others_pos;
  std::vector<std::string> others_allowed;  ///< alert names that may fire
  std::vector<MetricExpectation> metrics;
  std::vector<HealthExpectation> health;
  std::vector<LoadExpectation> load;
  std::vector<ScrapeExpectation> scrape;
  std::vector<NotificationExpectation> notifications;
  /// Every alert that fires is told to a receiver that has integrations and that a route chose,
  /// unless it is inhibited, silenced or muted. What falls past all routes below the root was
  /// chosen for by nobody; a root that has none below it chooses.
  bool all_notified = false;
  SourcePos all_notified_pos;

  bool empty() const;
};

enum class Noise { kRandom, kNone };

struct Scenario {
  std::string name;
  std::string description;
  std::string file;
  std::vector<std::string> tags;
  std::shared_ptr<const System> system;
  Timestamp start = {};  ///< virtual wall-clock time; 2026-01-05T00:00:00Z (a Monday) by default
  std::uint64_t seed = 1;
  Noise noise = Noise::kRandom;
  bool live = false;      ///< `mode: live`: runs on real sockets only
  double time_scale = 1;  ///< of live runs, unless the command line says otherwise
  traffic::Traffic traffic;
  std::vector<faults::Fault> faults;
  std::vector<SilenceSpec> silences;
  Expectations expect;
  Duration length{0};              ///< of the run: the last of traffic, faults and expectations
  std::uint32_t connections = 64;  ///< live runs
  /// What the scenario asks for and a simulated run leaves out (network faults), one sentence each.
  std::vector<std::string> warnings;
  /// Why it can only run live: faults that nothing but actions on the outside make.
  std::vector<Error> live_only;
};

}  // namespace tocsin::scenario
