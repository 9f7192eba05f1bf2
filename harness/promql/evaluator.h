#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/time.h"
#include "harness/model/series.h"
#include "harness/promql/parser.h"
#include "harness/promql/presence.h"

/// Evaluation is over ranges: one call computes an expression for all steps of a timeline, column
/// by column. An instant query is a range of one step.

namespace tocsin::promql {

/// The steps start, start+step, … up to and including `end`.
struct Timeline {
  Timestamp start = {};
  Timestamp end = {};
  Duration step{1};  ///< > 0

  std::size_t steps() const {
    return end < start ? 0 : static_cast<std::size_t>((end - start) / step) + 1;
  }
  Timestamp at(std::size_t i) const { return start + static_cast<std::int64_t>(i) * step; }
  static Timeline instant(Timestamp t) { return {t, t, Duration(1)}; }
  /// A range of one step has another step width.
  bool is_instant() const { return start == end && step == Duration(1); }
};

/// One series of a result: as many values as the timeline has steps.
struct Column {
  Labels labels;
  std::vector<double> values;
  /// Which steps have a value. (A NaN is a value like any other.)
  Presence present;
  /// Empty when there are floats only; else as many, non-null where the step's value is a
  /// histogram.
  std::vector<NativeHistogramPtr> histograms;
};

enum class AnnotationKind { kWarning, kInfo };

/// What Prometheus calls an annotation: a result that may not be what was meant.
struct Annotation {
  AnnotationKind kind = AnnotationKind::kWarning;
  std::string message;
  TextRange range;
  bool operator==(const Annotation&) const = default;
};
/// As Prometheus' API words it, with the place in the expression's text: "PromQL info: … (1:6)".
std::string to_string(const Annotation& annotation, std::string_view text);

struct QueryResult {
  ValueType type = ValueType::kVector;
  Timeline timeline;
  /// kVector: one column a series, in label order for ranges and in the query's own order (sort,
  /// topk) for instants. kScalar: one column without labels, all present. kMatrix (instant queries
  /// only): empty, see `matrix`. kString: empty, see `text`.
  std::vector<Column> columns;
  std::vector<SeriesView> matrix;
  std::string text;
  std::vector<Annotation> annotations;
};

struct QueryOptions {
  Duration lookback = std::chrono::minutes(5);
  /// Step of subqueries that name none.
  Duration default_subquery_step = std::chrono::minutes(1);
  /// Upper bounds, so that no query runs away; 0 is none.
  std::uint64_t max_samples = 50'000'000;
  Duration timeout{0};
  /// When it becomes true, the evaluation ends soon.
  const std::atomic<bool>* cancelled = nullptr;
  /// Likewise, of this one query.
  const std::atomic<bool>* abandoned = nullptr;
  /// Prometheus 2's left-closed ranges and selectors.
  bool version_2 = false;
  /// Prometheus' feature flags of the same names: a name that an operation drops goes at the end of
  /// the evaluation only; counters' start timestamps are used; types and units are labels.
  bool delayed_name_removal = false;
  bool use_start_timestamps = false;
  bool type_and_unit_labels = false;
};

/// Errors are what Prometheus answers with status 422: many-to-many matching, duplicate series and
/// the like, with the position of the part of the expression that failed; and kLimit (max_samples),
/// kTimeout and kCancelled.
Result<QueryResult> evaluate(const Expression& expression, const SeriesSource& source,
                             const Timeline& timeline, const QueryOptions& options = {});

/// What an expression reads: each selector with the time before and
/// after an evaluation that it looks at (offset, window and lookback included; `at` makes it
/// absolute).
struct SelectorUse {
  std::vector<Matcher> matchers;
  Duration before{0};
  Duration after{0};
  bool absolute = false;  ///< has an @ modifier: the range above does not bound it
};
std::vector<SelectorUse> selectors_of(const Node& node, const QueryOptions& options = {});

}  // namespace tocsin::promql
