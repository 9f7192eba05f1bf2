#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/model/series.h"
#include "harness/promql/evaluator.h"
#include "harness/rules/evaluation.h"
#include "harness/rules/rule.h"

/// One rule with its state, run over stretches of time in order: a whole timeline, a step, a tick.
/// The results do not depend on how time is cut.

namespace tocsin::rules {

/// What all runners of an evaluation share; everything outlives them.
struct RunContext {
  const SeriesSource& store;
  const EvaluationOptions& options;
};

class RuleRunner {
 public:
  RuleRunner(const RuleGroup& group, const Rule& rule, const RunContext& context);
  virtual ~RuleRunner() = default;
  RuleRunner(const RuleRunner&) = delete;
  RuleRunner& operator=(const RuleRunner&) = delete;

  const Rule& rule() const { return rule_; }

  /// Evaluates at every step of `due`, which begins after all earlier ones. Where a stretch fails
  /// it is halved, until only the steps that do fail are left out.
  void run(const promql::Timeline& due, SampleSink& sink);
  /// A sample was refused: the series has another one at this time, or a later one.
  void refuse(Timestamp sample_time);

  /// Adds what happened so far; alerts that are still active have no resolved_at.
  void report(EvaluationOutcome& outcome) const;
  virtual void report_ended(std::vector<AlertEpisode>& episodes) const;
  virtual void report_active(std::vector<AlertEpisode>& episodes) const;
  virtual void report_looks(std::vector<AlertLook>& looks) const;

 protected:
  /// Takes in one result whose steps are `due`, moved back by the group's query_offset.
  virtual void consume(const promql::QueryResult& result, const promql::Timeline& due,
                       SampleSink& sink) = 0;
  void fail(Timestamp due, Error error);
  Timestamp sample_time(Timestamp due) const { return due - group_.query_offset; }

  const RuleGroup& group_;
  const Rule& rule_;
  const RunContext& context_;

 private:
  void run_stretch(const promql::Timeline& due, SampleSink& sink);
  Error in_file(Error error) const;

  std::vector<RuleFailure> failures_;  ///< none or one
  std::set<Timestamp> refused_;        ///< evaluations with refused samples
  std::vector<promql::Annotation> annotations_;
};

std::unique_ptr<RuleRunner> make_recording_runner(const RuleGroup& group, const Rule& rule,
                                                  const RunContext& context);
std::unique_ptr<RuleRunner> make_alerting_runner(const RuleGroup& group, const Rule& rule,
                                                 const RunContext& context);

}  // namespace tocsin::rules
