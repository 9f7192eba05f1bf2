// Range vectors as results of instant queries, and what expressions read.

#include <algorithm>

#include "harness/promql/ast_children.h"
#include "harness/promql/eval_extended.h"
#include "harness/promql/eval_window_mixed.h"
#include "harness/promql/latest_sample.h"

namespace tocsin::promql {
namespace {

/// Columns that a view borrows from.
struct Columns {
  std::vector<std::int64_t> times;
  std::vector<double> values;
  std::vector<NativeHistogramPtr> histograms;
};

SeriesView view_of(const Labels& labels, std::shared_ptr<Columns> columns) {
  SeriesView view;
  view.labels = labels;
  view.timestamps = columns->times;
  view.values = columns->values;
  view.histograms = columns->histograms;
  view.keepalive = std::move(columns);
  return view;
}

std::vector<SeriesView> selected(Evaluation& evaluation, const MatrixSelector& node,
                                 const Timeline& timeline) {
  const VectorSelector& selector = *node.vector;
  const std::int64_t end = evaluation.look_times(selector.shift, timeline).first_ms;
  const std::int64_t start = end - evaluation.window_of(node).count();
  const std::int64_t before = start - (evaluation.options.version_2 ? 1 : 0);
  const ExtendedReach reach = extended_reach(selector, evaluation.options);
  std::vector<SeriesView> result;
  for (const SeriesView& view :
       evaluation.select(selector, before + 1 - reach.before_ms, end + reach.after_ms)) {
    evaluation.charge(view.timestamps.size());
    auto columns = std::make_shared<Columns>();
    if (selector.anchored || selector.smoothed) {
      const SplitSeries series(view, false);
      const MixedWindow window = series.window(before - reach.before_ms, end + reach.after_ms);
      if (!window.histograms.empty()) {
        evaluation.fail(std::string(selector.anchored ? "anchored" : "smoothed") +
                            " modifier is not supported with histograms",
                        node.range);
      }
      ExtendedFloats floats = extended_floats(window, start, end, selector.smoothed);
      columns->times = std::move(floats.times);
      columns->values = std::move(floats.values);
    } else {
      for (std::size_t i = 0; i < view.timestamps.size(); ++i) {
        if (is_stale_sample(view, i)) continue;
        columns->times.push_back(view.timestamps[i]);
        columns->values.push_back(view.values[i]);
        if (!view.histograms.empty()) columns->histograms.push_back(view.histograms[i]);
      }
    }
    if (!columns->times.empty()) result.push_back(view_of(view.labels, std::move(columns)));
  }
  return result;
}

std::vector<SeriesView> computed(Evaluation& evaluation, const Subquery& node,
                                 const Timeline& timeline) {
  const Timeline inner = evaluation.subquery_timeline(node, timeline);
  std::vector<SeriesView> result;
  evaluation.subquery_rows(node, inner, [&](Row& row) {
    auto columns = std::make_shared<Columns>();
    row.present.for_each([&](std::size_t i) {
      columns->times.push_back(to_ms(inner.at(i)));
      columns->values.push_back(row.values[i]);
      if (row.has_histograms()) columns->histograms.push_back(row.histograms[i]);
    });
    evaluation.charge(columns->times.size());
    const Labels labels = row.drop_name ? without_metadata(row.labels) : row.labels;
    result.push_back(view_of(labels, std::move(columns)));
  });
  return result;
}

/// Collects what each selector reads, around an evaluation at time 0.
class UseCollector {
 public:
  explicit UseCollector(const QueryOptions& options) : options_(options) {}

  /// `before` and `after`: how far from the evaluation the node's own evaluations may be.
  void visit(const Node& node, Duration before, Duration after, bool absolute) {
    switch (node.kind) {
      case NodeKind::kVectorSelector:
        return add(static_cast<const VectorSelector&>(node), options_.lookback, before, after,
                   absolute);
      case NodeKind::kMatrixSelector: {
        const auto& matrix = static_cast<const MatrixSelector&>(node);
        return add(*matrix.vector, matrix.window, before, after, absolute);
      }
      case NodeKind::kSubquery: {
        const auto& subquery = static_cast<const Subquery&>(node);
        const Duration offset = subquery.shift.offset;
        return visit(*subquery.inner, before + subquery.window + offset, after - offset,
                     absolute || subquery.shift.at != AtKind::kNone);
      }
      default:
        for_children(node, [&](const Node& child) { visit(child, before, after, absolute); });
    }
  }

  std::vector<SelectorUse> uses;

 private:
  void add(const VectorSelector& node, Duration reach, Duration before, Duration after,
           bool absolute) {
    const ExtendedReach more = extended_reach(node, options_);
    SelectorUse use;
    use.matchers = node.matchers;
    use.before = before + reach + node.shift.offset + Duration(more.before_ms);
    use.after = std::max(Duration(0), after - node.shift.offset + Duration(more.after_ms));
    use.absolute = absolute || node.shift.at != AtKind::kNone;
    uses.push_back(std::move(use));
  }

  const QueryOptions& options_;
};

}  // namespace

std::vector<SeriesView> evaluate_matrix(Evaluation& evaluation, const Node& node,
                                        const Timeline& timeline) {
  if (node.kind == NodeKind::kSubquery) {
    return computed(evaluation, static_cast<const Subquery&>(node), timeline);
  }
  return selected(evaluation, static_cast<const MatrixSelector&>(node), timeline);
}

std::vector<SelectorUse> selectors_of(const Node& node, const QueryOptions& options) {
  UseCollector collector(options);
  collector.visit(node, Duration(0), Duration(0), false);
  return std::move(collector.uses);
}

}  // namespace tocsin::promql
