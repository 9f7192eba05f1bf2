#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "harness/model/evidence.h"
#include "harness/model/series.h"
#include "harness/promql/evaluator.h"
#include "harness/rules/rule.h"

/// Running rules: all at once over a finished timeline (simulated runs, backtests), or tick by tick
/// (live runs). Both give the same episodes.

namespace tocsin::rules {

struct EvaluationOptions {
  Duration interval = std::chrono::seconds(15);  ///< of groups that name none
  promql::QueryOptions query;
  std::vector<std::pair<std::string, std::string>> external_labels;
  std::string external_url;
  /// Groups are evaluated at multiples of their interval after this; Prometheus spreads groups over
  /// the interval by a hash of their name, which a scenario can't know.
  Timestamp origin = {};
  /// Write ALERTS and ALERTS_FOR_STATE to the sink, as Prometheus does.
  bool write_alert_series = true;
  /// Rules that do not read each other are evaluated side by side; the outcome is the same for any
  /// number. `store` is read by several threads at a time, and written by one while none reads.
  unsigned threads = 1;

  // --- what rule unit tests need ---

  /// See TemplateData.
  bool url_functions_fail = false;
  /// Every group is evaluated at `interval`, whatever interval it names.
  bool one_interval = false;
  /// Groups named here come after those that are not, and in this order; the first name has the
  /// rank of those that are not named (so promtool has it). Where ranks leave it open, groups that
  /// read come after groups that record.
  std::vector<std::string> group_order = {};
  /// Only these rules are evaluated; null: all.
  const std::unordered_set<const Rule*>* only = nullptr;
  /// When to look at the alerts of a name; each list ascends.
  std::map<std::string, std::vector<Timestamp>> looks = {};
};

/// An alert as it was after the evaluation at `at`.
struct AlertLook {
  Timestamp at = {};
  const Rule* rule = nullptr;
  Labels labels;                                   ///< with alertname
  std::map<std::string, std::string> annotations;  ///< empty ones too
  AlertState state = AlertState::kPending;
  double value = 0;
};

/// A rule that could not be evaluated at some step, as Prometheus would log it.
struct RuleFailure {
  const Rule* source = nullptr;
  std::string group;
  std::string rule;
  Timestamp first = {};
  std::size_t times = 0;
  Error error;
};

/// A PromQL annotation on a rule's expression.
struct RuleNote {
  std::string group;
  std::string rule;
  promql::AnnotationKind kind = promql::AnnotationKind::kWarning;
  Error note;  ///< the message, with its place in the rule file
};

struct EvaluationOutcome {
  std::vector<AlertEpisode> episodes;  ///< by pending_at, then alert, then labels
  std::vector<const Rule*> alerting;   ///< as many: whose episodes these are
  std::vector<AlertLook> looks;        ///< by rule, then time
  std::vector<RuleFailure> failures;
  std::vector<promql::Annotation> annotations;  ///< without duplicates
  std::vector<RuleNote> notes;                  ///< the same rule by rule
};

/// Evaluates every group at origin, origin + interval, … up to `end`, as range queries over the
/// whole timeline: groups in an order in which nothing is read before it was recorded; where rules
/// depend on each other in a circle (or on ALERTS), step by step. `store` is read and receives
/// recorded samples.
EvaluationOutcome evaluate_timeline(std::span<const RuleFile> files, const SeriesSource& store,
                                    SampleSink& sink, Timestamp end,
                                    const EvaluationOptions& options);

/// Alert states between ticks of the clock.
class LiveEvaluation {
 public:
  /// Keeps references to all of them.
  LiveEvaluation(std::span<const RuleFile> files, const SeriesSource& store, SampleSink& sink,
                 EvaluationOptions options);
  ~LiveEvaluation();

  /// When the next group is due.
  Timestamp next_due() const;
  /// Evaluates the groups that are due at `now`, with their due time as timestamp.
  void tick(Timestamp now);
  /// Alerts that are pending or firing now.
  std::vector<AlertEpisode> active() const;
  /// Everything so far; active alerts have no resolved_at.
  EvaluationOutcome outcome() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::rules
