// Calls of functions over range vectors: which samples each series brings.

#include <algorithm>

#include "harness/base/check.h"
#include "harness/promql/eval_extended.h"
#include "harness/promql/eval_window_mixed.h"
#include "harness/promql/functions.h"
#include "harness/promql/latest_sample.h"
#include "harness/promql/window.h"
#include "harness/promql/window_stretches.h"

namespace tocsin::promql {
namespace {

const WindowFunction* find_window_function(std::string_view name) {
  static const auto* const kByName = [] {
    auto* table = new std::unordered_map<std::string_view, WindowFunction>;
    for (const auto functions : {rate_functions(), over_time_functions(), regression_functions()}) {
      for (const WindowFunction& function : functions) table->emplace(function.name, function);
    }
    return table;
  }();
  const auto found = kByName->find(name);
  return found == kByName->end() ? nullptr : &found->second;
}

bool is_range(const Node& node) {
  return node.kind == NodeKind::kMatrixSelector || node.kind == NodeKind::kSubquery;
}

/// The values are many and stale markers few: a block at a time for NaNs of any kind.
bool any_stale(std::span<const double> values) {
  constexpr std::size_t kBlock = 16;
  const auto stale = [](std::span<const double> part) {
    return std::any_of(part.begin(), part.end(), is_stale);
  };
  std::size_t i = 0;
  for (; i + kBlock <= values.size(); i += kBlock) {
    double nans = 0;
    for (std::size_t k = 0; k < kBlock; ++k) nans += values[i + k] != values[i + k] ? 1 : 0;
    if (nans != 0 && stale(values.subspan(i, kBlock))) return true;
  }
  return stale(values.subspan(i));
}

/// One call's way from series to rows.
class WindowCall {
 public:
  WindowCall(Evaluation& evaluation, const Call& call, const Timeline& timeline)
      : evaluation_(evaluation), call_(call), timeline_(timeline) {
    for (const NodePtr& argument : call.arguments) {
      const Node& node = unwrap(*argument);
      if (argument_ == nullptr && is_range(node)) {
        argument_ = &node;
      } else {
        scalars_.push_back(evaluation.scalar(node, timeline));
      }
    }
    TOCSIN_CHECK(argument_ != nullptr, "the type check gives range functions a range vector");
    input_.scalars = scalars_;
    input_.call = &call;
    // Prometheus has lost a subquery's place by the time it complains.
    if (argument_->kind == NodeKind::kMatrixSelector) input_.range_argument = argument_->range;
    input_.timeline = &timeline;
    input_.evaluation = &evaluation;
    input_.stretches = &stretches_;
  }

  const Node& argument() const { return *argument_; }

  /// Calls each(view, drop_name) for every series; prepares input() for it.
  template <class Each>
  void for_series(Each&& each) {
    if (argument_->kind == NodeKind::kSubquery) {
      for_subquery(static_cast<const Subquery&>(*argument_), each);
    } else {
      for_selected(static_cast<const MatrixSelector&>(*argument_), each);
    }
  }

  /// The series' floats, without stale markers; valid until the next call.
  const WindowInput& floats_of(const SeriesView& view) {
    input_.labels = &view.labels;
    const bool starts = !view.start_timestamps.empty() &&
                        evaluation_.options.use_start_timestamps &&
                        uses_start_timestamps(call_.function->name);
    if (!any_stale(view.values)) {
      input_.times = view.timestamps;
      input_.values = view.values;
      input_.starts = starts ? view.start_timestamps : std::span<const std::int64_t>();
      input_.times_stay = argument_->kind == NodeKind::kMatrixSelector;
      return input_;
    }
    times_.clear();
    values_.clear();
    starts_.clear();
    for (std::size_t i = 0; i < view.values.size(); ++i) {
      if (is_stale(view.values[i])) continue;
      times_.push_back(view.timestamps[i]);
      values_.push_back(view.values[i]);
      if (starts) starts_.push_back(view.start_timestamps[i]);
    }
    input_.times = times_;
    input_.values = values_;
    input_.starts = starts_;
    input_.times_stay = false;
    return input_;
  }

  WindowInput& input() { return input_; }

 private:
  template <class Each>
  void for_selected(const MatrixSelector& node, Each&& each) {
    input_.ends = evaluation_.look_times(node.vector->shift, timeline_);
    input_.width_ms = evaluation_.window_of(node).count();
    const ExtendedReach reach = extended_reach(*node.vector, evaluation_.options);
    const auto views =
        evaluation_.select(*node.vector, input_.before(input_.ends.first_ms) + 1 - reach.before_ms,
                           input_.ends.last_ms() + reach.after_ms);
    for (const SeriesView& view : views) {
      evaluation_.check_time();
      each(view, false);
    }
  }

  template <class Each>
  void for_subquery(const Subquery& node, Each&& each) {
    input_.ends = evaluation_.look_times(node.shift, timeline_);
    input_.width_ms = evaluation_.window_of(node).count();
    const Timeline inner = evaluation_.subquery_timeline(node, timeline_);
    SubquerySeries series;
    evaluation_.subquery_rows(node, inner,
                              [&](Row& row) { each(series.from(row, inner), row.drop_name); });
  }

  Evaluation& evaluation_;
  const Call& call_;
  const Timeline& timeline_;
  const Node* argument_ = nullptr;
  std::vector<ScalarColumn> scalars_;
  WindowInput input_;
  WindowStretches stretches_;
  std::vector<std::int64_t> times_;
  std::vector<double> values_;
  std::vector<std::int64_t> starts_;
};

bool has_counter_suffix(std::string_view name) {
  return name.ends_with("_total") || name.ends_with("_sum") || name.ends_with("_count") ||
         name.ends_with("_bucket");
}

void note_possible_non_counter(Evaluation& evaluation, const WindowInput& in) {
  const std::string_view name = in.labels->metric_name();
  if (name.empty()) return;
  if (evaluation.options.type_and_unit_labels) {
    const std::string_view type = in.labels->get("__type__");
    if (type != "counter" && type != "histogram") {
      evaluation.note(possible_non_counter_label(name, type, in.range_argument));
    }
  } else if (!has_counter_suffix(name)) {
    evaluation.note(possible_non_counter(name, in.range_argument));
  }
}

bool has_float(const Row& row) {
  if (!row.has_histograms()) return true;
  bool found = false;
  row.present.for_each([&](std::size_t i) { found = found || row.histogram(i) == nullptr; });
  return found;
}

void evaluate_window(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                     RowSink sink) {
  const WindowFunction* function = find_window_function(call.function->name);
  TOCSIN_CHECK(function != nullptr, "every range function has its window function");
  WindowCall window(evaluation, call, timeline);
  const VectorSelector* extended = extended_selector(window.argument());
  if (extended != nullptr) check_extended(evaluation, *extended, call);
  const bool is_rate = function->name == "rate" || function->name == "increase";
  NameDropper names(evaluation, window.argument(), call.range);
  Row row;
  window.for_series([&](const SeriesView& view, bool drop_name) {
    row.clear(timeline.steps());
    window.input().labels = &view.labels;
    if (extended != nullptr) {
      evaluate_extended(*extended, window.input(), view, row);
    } else if (view.histograms.empty()) {
      function->floats(window.floats_of(view), row);
    } else if (function->mixed != nullptr) {
      evaluate_mixed(*function, window.input(), view, row);
    }
    if (row.present.none()) return;
    row.labels = view.labels;
    row.drop_name = drop_name;
    if (is_rate && has_float(row)) note_possible_non_counter(evaluation, window.input());
    if (!function->keeps_name || drop_name) names.drop(row);
    sink(row);
  });
}

void evaluate_absent_over_time(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                               RowSink sink) {
  WindowCall window(evaluation, call, timeline);
  Presence seen(timeline.steps());
  window.for_series([&](const SeriesView& view, bool) {
    std::vector<std::int64_t> times;
    for (std::size_t i = 0; i < view.values.size(); ++i) {
      if (!is_stale_sample(view, i)) times.push_back(view.timestamps[i]);
    }
    window.input().times = times;
    for_windows(window.input(),
                [&](std::size_t step, std::size_t, std::size_t) { seen.set(step); });
  });
  Row row;
  row.clear(timeline.steps());
  for (std::size_t i = 0; i < row.steps(); ++i) {
    if (!seen[i]) row.set(i, 1);
  }
  if (row.present.none()) return;
  const Node& argument = window.argument();
  if (argument.kind == NodeKind::kMatrixSelector) {
    row.labels = absent_labels(static_cast<const MatrixSelector&>(argument).vector->matchers);
  }
  sink(row);
}

}  // namespace

bool uses_start_timestamps(std::string_view function) {
  return function == "rate" || function == "increase" || function == "irate" ||
         function == "resets";
}

bool is_start_reset(std::int64_t previous_start, std::int64_t previous, std::int64_t start,
                    std::int64_t at) {
  if (start == 0 || start >= at || start < previous) return false;
  if (start > previous) return true;
  // It starts just where the sample before was taken: a delta, unless that one's start is unknown.
  return previous_start != 0 && previous_start < previous;
}

bool is_start_overlap(std::int64_t previous_start, std::int64_t previous, std::int64_t start) {
  return start != 0 && start < previous && start != previous_start;
}

std::span<const FunctionEvaluator> window_functions() {
  static const std::vector<FunctionEvaluator> kFunctions = [] {
    std::vector<FunctionEvaluator> all = {{"absent_over_time", evaluate_absent_over_time}};
    for (const auto functions : {rate_functions(), over_time_functions(), regression_functions()}) {
      for (const WindowFunction& function : functions) {
        all.push_back({function.name, evaluate_window});
      }
    }
    return all;
  }();
  return kFunctions;
}

}  // namespace tocsin::promql
