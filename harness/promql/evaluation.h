#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "harness/promql/annotations.h"
#include "harness/promql/evaluator.h"
#include "harness/promql/row.h"

namespace tocsin::promql {

/// Where a selector or subquery looks at each step of a timeline.
struct LookTimes {
  std::int64_t first_ms = 0;  ///< at step 0
  std::int64_t step_ms = 0;   ///< 0 with an @ modifier: always the same time
  std::size_t steps = 0;

  std::int64_t at(std::size_t i) const { return first_ms + static_cast<std::int64_t>(i) * step_ms; }
  std::int64_t last_ms() const { return steps == 0 ? first_ms : at(steps - 1); }
};

/// One evaluation of one expression: what all operators share. An operator is a function that takes
/// the evaluation, its node and a timeline, evaluates its operands through rows() and scalar(), and
/// passes its result on row by row, so that a chain such as sum(rate(x[5m])) holds one series at a
/// time. Errors are thrown (evaluation_failure.h).
class Evaluation {
 public:
  Evaluation(const SeriesSource& from, const Timeline& whole, const QueryOptions& query_options);

  /// Evaluates an expression that gives an instant vector; a scalar is one row without labels.
  void rows(const Node& node, const Timeline& timeline, RowSink sink);
  /// Those of a subquery's inner expression, at the times of subquery_timeline(). The row on its
  /// way counts as long as it takes: of nested subqueries each has one, and may have many steps.
  void subquery_rows(const Subquery& node, const Timeline& inner, RowSink sink);
  std::vector<Row> collect(const Node& node, const Timeline& timeline);
  ScalarColumn scalar(const Node& node, const Timeline& timeline);

  /// Durations, with duration expressions worked out.
  Duration window_of(const MatrixSelector& node) const;
  Duration window_of(const Subquery& node) const;
  Duration step_of(const Subquery& node) const;
  LookTimes look_times(const TimeShift& shift, const Timeline& timeline) const;
  Duration offset(const TimeShift& shift) const;
  /// The steps at which a subquery evaluates its inner expression.
  Timeline subquery_timeline(const Subquery& node, const Timeline& timeline) const;

  /// Does not change from step to step, so that one evaluation serves all.
  bool step_invariant(const Node& node);

  /// The series that match, within [from, to], in ms.
  std::vector<SeriesView> select(std::span<const Matcher> matchers, std::int64_t from,
                                 std::int64_t to);
  /// The same for a selector of the expression. Where only counts and sums of histograms matter
  /// (histogram_count and the like), that is all they hold, and their hints say what is known of
  /// resets.
  std::vector<SeriesView> select(const VectorSelector& node, std::int64_t from, std::int64_t to);
  /// Finds those selectors in an expression.
  void mark_statistics_only(const Node& root);

  void note(Annotation annotation) { annotations.add(std::move(annotation)); }
  [[noreturn]] void fail(std::string message, TextRange range) const;
  /// Counts values that stay in memory; fails beyond the options' bounds.
  void charge(std::size_t values);
  /// The same for a text that becomes a label of one series.
  void charge_label(std::size_t bytes, TextRange range);
  void check_time() const;
  /// Counts steps of loops that may be long (about a nanosecond each, or ten); looks at the clock
  /// now and then.
  void work(std::size_t units) {
    constexpr std::size_t kBetweenLooks = 100'000;
    worked_ += units;
    if (worked_ < kBetweenLooks) return;
    worked_ = 0;
    check_time();
  }
  /// Fails when a timeline alone is beyond the bounds.
  void check_steps(const Timeline& timeline, TextRange range) const;

  const SeriesSource& source;
  const Timeline query;  ///< the whole query's, for start(), end(), range(), step()
  const QueryOptions& options;
  AnnotationLog annotations;

 private:
  void broadcast(const Node& node, const Timeline& timeline, RowSink sink);
  void dispatch(const Node& node, const Timeline& timeline, RowSink sink);

  std::unordered_map<const Node*, bool> invariant_;
  std::unordered_set<const VectorSelector*> statistics_only_;
  std::uint64_t charged_ = 0;
  std::size_t worked_ = 0;
  std::chrono::steady_clock::time_point deadline_;
};

/// Label values longer than this come from expressions that double them again and again.
inline constexpr std::size_t kLongestMadeLabel = 1 << 20;  ///< bytes

/// Rows with equal labels must not meet at a step: fails with Prometheus' words where they do.
class DuplicateGuard {
 public:
  explicit DuplicateGuard(Evaluation& evaluation) : evaluation_(evaluation) {}
  void see(const Row& row, TextRange range);

 private:
  Evaluation& evaluation_;
  std::unordered_map<Labels, Presence> seen_;
};

/// Drops the metric names of an operator's results. Series that become equal by that are refused at
/// once, or, with delayed name removal, at the end of the evaluation.
class NameDropper {
 public:
  NameDropper(Evaluation& evaluation, const Node& operand, TextRange range);
  void drop(Row& row);
  /// Results may also be equal for other reasons than their names.
  void always_check() { checks_ = !evaluation_.options.delayed_name_removal; }

 private:
  Evaluation& evaluation_;
  TextRange range_;
  bool checks_;
  DuplicateGuard guard_;
};

/// Without the metric's name, type and unit.
Labels without_metadata(const Labels& labels);
/// The labels by which a binary operation matches a series.
Labels match_signature(const Labels& labels, const VectorMatching& matching);
/// What absent() and absent_over_time() know of the series that is not there.
Labels absent_labels(std::span<const Matcher> matchers);
/// Without parentheses.
const Node& unwrap(const Node& node);
/// Whether a function's result changes with the evaluation time even where its arguments do not.
bool depends_on_time(std::string_view function);
/// What step() is: 0 in an instant query.
double query_step_seconds(const Timeline& query);

// The operators, each in the file of its name.
void evaluate_selector(Evaluation&, const VectorSelector&, const Timeline&, RowSink);
void evaluate_binary(Evaluation&, const Binary&, const Timeline&, RowSink);
void evaluate_set(Evaluation&, const Binary&, const Timeline&, RowSink);
void evaluate_unary(Evaluation&, const Unary&, const Timeline&, RowSink);
void evaluate_aggregate(Evaluation&, const Aggregate&, const Timeline&, RowSink);
void evaluate_call(Evaluation&, const Call&, const Timeline&, RowSink);
ScalarColumn evaluate_scalar_call(Evaluation&, const Call&, const Timeline&);
std::vector<SeriesView> evaluate_matrix(Evaluation&, const Node&, const Timeline&);

/// How a function is computed, by name.
struct FunctionEvaluator {
  std::string_view name;
  void (*evaluate)(Evaluation&, const Call&, const Timeline&, RowSink);
};
std::span<const FunctionEvaluator> math_functions();
std::span<const FunctionEvaluator> date_functions();
std::span<const FunctionEvaluator> label_functions();
std::span<const FunctionEvaluator> vector_functions();
std::span<const FunctionEvaluator> histogram_functions();
std::span<const FunctionEvaluator> window_functions();
std::span<const FunctionEvaluator> info_functions();

}  // namespace tocsin::promql
