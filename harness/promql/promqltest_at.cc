#include "harness/promql/promqltest_at.h"

#include "harness/promql/ast_children.h"
#include "harness/promql/evaluation.h"
#include "harness/promql/functions.h"

namespace tocsin::promql {
namespace {

bool looks_at_clock(const Node& node) {
  bool found = node.kind == NodeKind::kCall &&
               depends_on_time(static_cast<const Call&>(node).function->name);
  for_children(node, [&](const Node& child) { found = found || looks_at_clock(child); });
  return found;
}

/// Pins what is not pinned yet; false when a function looks at the clock. What is within a pinned
/// subquery is pinned with it. The tree is one that the caller has just parsed for this.
bool pin(Node& node, Timestamp at) {
  const auto pin_shift = [at](TimeShift& shift) {
    if (shift.at == AtKind::kTimestamp) return;
    shift.at = AtKind::kTimestamp;
    shift.at_time = at;
  };
  if (node.kind == NodeKind::kCall &&
      depends_on_time(static_cast<const Call&>(node).function->name)) {
    return false;
  }
  if (node.kind == NodeKind::kVectorSelector) pin_shift(static_cast<VectorSelector&>(node).shift);
  if (node.kind == NodeKind::kSubquery) pin_shift(static_cast<Subquery&>(node).shift);
  bool pinned = true;
  for_children(node, [&](const Node& child) {
    auto& own = const_cast<Node&>(child);
    if (node.kind == NodeKind::kSubquery) {
      pinned = pinned && !looks_at_clock(child);
    } else {
      pinned = pin(own, at) && pinned;
    }
  });
  return pinned;
}

}  // namespace

std::string check_pinned(const EvalCommand& eval, const SeriesSource& source,
                         const QueryOptions& options) {
  const Timestamp at = eval.range_vector ? eval.range_vector->end : eval.timeline.start;
  const Result<Expression> expression =
      parse_expression(eval.expression, {.version_2 = options.version_2});
  if (!expression || !pin(*expression->root, at)) return {};
  const Duration since_epoch = at.time_since_epoch();
  std::vector<Duration> times = {-10 * since_epoch, Duration(0), since_epoch / 5, since_epoch,
                                 10 * since_epoch};
  if (since_epoch == Duration(0)) times = {Duration(-1000), Duration(0), Duration(1000)};
  for (const Duration time : times) {
    const std::string where =
        "with @ " + format_duration(since_epoch) + ", evaluated at " + format_duration(time) + ": ";
    const auto result = evaluate(*expression, source, Timeline::instant(Timestamp(time)), options);
    if (!result) {
      if (eval.fails) continue;
      return where + to_string(result.error());
    }
    if (eval.fails) return where + "expected a failure, but the query succeeded";
    QueryResult moved = *result;
    moved.timeline = eval.timeline;
    const std::string problem = compare_result(eval, moved);
    if (!problem.empty()) return where + problem;
  }
  return {};
}

}  // namespace tocsin::promql
