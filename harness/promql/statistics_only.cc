// Selectors whose histograms are asked for their count and sum only. Prometheus then reads no
// buckets, and finds out about counter resets sample by sample.

#include "harness/promql/ast_children.h"
#include "harness/promql/evaluation.h"
#include "harness/promql/functions.h"
#include "harness/promql/histogram_math.h"

namespace tocsin::promql {
namespace {

enum class Use { kUnknown, kStatistics, kBuckets };

/// What a node makes of the histograms below it; kUnknown: nothing in particular.
Use use_of(const Node& node) {
  if (node.kind == NodeKind::kSubquery) return Use::kBuckets;
  if (node.kind == NodeKind::kBinary) {
    const BinaryOp op = static_cast<const Binary&>(node).op;
    return op == BinaryOp::kTrimUpper || op == BinaryOp::kTrimLower ? Use::kBuckets : Use::kUnknown;
  }
  if (node.kind != NodeKind::kCall) return Use::kUnknown;
  const std::string_view name = static_cast<const Call&>(node).function->name;
  if (name == "histogram_count" || name == "histogram_sum" || name == "histogram_avg") {
    return Use::kStatistics;
  }
  if (name == "histogram_quantile" || name == "histogram_quantiles" ||
      name == "histogram_fraction") {
    return Use::kBuckets;
  }
  return Use::kUnknown;
}

void mark(const Node& node, Use use, std::unordered_set<const VectorSelector*>& marked) {
  if (node.kind == NodeKind::kVectorSelector) {
    if (use == Use::kStatistics) marked.insert(static_cast<const VectorSelector*>(&node));
    return;
  }
  const Use own = use_of(node);
  // Who needs buckets anywhere above needs them.
  if (use != Use::kBuckets && own != Use::kUnknown) use = own;
  if (use == Use::kBuckets) return;
  for_children(node, [&](const Node& child) { mark(child, use, marked); });
}

/// A histogram's count and sum, with a hint found by looking at the sample before.
struct Statistics {
  SeriesView source;
  std::vector<NativeHistogramPtr> histograms;
};

SeriesView statistics_of(SeriesView view) {
  auto statistics = std::make_shared<Statistics>();
  statistics->source = view;
  const NativeHistogram* before = nullptr;
  for (const NativeHistogramPtr& full : view.histograms) {
    if (!full) {
      statistics->histograms.push_back(nullptr);
      continue;
    }
    auto h = std::make_shared<NativeHistogram>();
    h->schema = full->schema;
    h->count = full->count;
    h->sum = full->sum;
    h->hint = full->hint;
    if (!is_stale(full->sum)) {
      if (h->hint == CounterResetHint::kUnknown && before != nullptr) {
        h->hint =
            was_reset(*full, *before) ? CounterResetHint::kReset : CounterResetHint::kNotReset;
      }
      before = full.get();
    }
    statistics->histograms.push_back(std::move(h));
  }
  view.histograms = statistics->histograms;
  view.keepalive = std::move(statistics);
  return view;
}

}  // namespace

void Evaluation::mark_statistics_only(const Node& root) {
  mark(root, Use::kUnknown, statistics_only_);
}

std::vector<SeriesView> Evaluation::select(const VectorSelector& node, std::int64_t from,
                                           std::int64_t to) {
  std::vector<SeriesView> views = select(node.matchers, from, to);
  if (!statistics_only_.contains(&node)) return views;
  for (SeriesView& view : views) {
    if (!view.histograms.empty()) view = statistics_of(std::move(view));
  }
  return views;
}

}  // namespace tocsin::promql
