#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "harness/model/evidence.h"
#include "harness/model/series.h"
#include "harness/promql/evaluator.h"
#include "harness/rules/evaluation.h"
#include "harness/rules/rule.h"

/// When would these rules have fired on that data? All rules are evaluated over the samples' time,
/// recording rules too; every life of every alert is an episode, every episode that fires a page.

namespace tocsin::backtest {

struct BacktestOptions {
  Timestamp from = {};                          ///< the first evaluation
  Timestamp to = {};                            ///< none is later; not before `from`
  Duration interval = std::chrono::minutes(1);  ///< of groups that name none
  promql::QueryOptions query;
  std::vector<std::pair<std::string, std::string>> external_labels;
  std::string external_url;
  unsigned threads = 1;
};

struct Episode {
  AlertEpisode life;
  std::size_t rule = 0;        ///< into Backtest::rules
  bool open_at_start = false;  ///< there at the first evaluation: it may have begun earlier
  Timestamp end = {};          ///< when it was resolved, or the end of the backtest

  Duration pending() const { return life.firing_at.value_or(end) - life.pending_at; }
  Duration firing() const { return life.firing_at ? end - *life.firing_at : Duration(0); }
};

/// One alerting rule and what came of it.
struct RuleResult {
  SourcePos pos;
  std::string group;
  std::string alert;
  std::string expression;  ///< in canonical form
  Duration hold{0};
  Duration keep_firing_for{0};
  std::vector<std::pair<std::string, std::string>> labels;  ///< of group and rule, as written

  std::size_t episodes = 0;
  std::size_t pages = 0;  ///< episodes that fired
  Duration pending{0};    ///< of all episodes together
  Duration firing{0};
  Duration longest{0};      ///< the longest that one of them fired
  std::size_t at_once = 0;  ///< the most that fired at the same time
};

struct Backtest {
  Timestamp from = {};
  Timestamp to = {};
  Duration interval{0};
  std::vector<RuleResult> rules;  ///< in the order of files, groups, rules
  std::size_t recording_rules = 0;
  std::vector<Episode> episodes;  ///< by pending_at, then alert, then labels
  std::vector<rules::RuleFailure> failures;
  std::size_t unfinished = 0;  ///< rules that were interrupted; their episodes are not all here
  std::vector<rules::RuleNote> notes;

  std::size_t pages() const;
  double days() const;  ///< > 0
  double pages_a_day() const { return static_cast<double>(pages()) / days(); }
};

/// `files` have no errors. The result does not depend on the number of threads.
Backtest run_backtest(std::span<const rules::RuleFile> files, const SeriesSource& samples,
                      const BacktestOptions& options);

/// How long before and after an evaluation the rules look at samples; `whole`: some look at a fixed
/// time.
struct Reach {
  Duration before{0};
  Duration after{0};
};
Reach reach_of(std::span<const rules::RuleFile> files, const promql::QueryOptions& options);

}  // namespace tocsin::backtest
