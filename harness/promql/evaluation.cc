#include "harness/promql/evaluation.h"

#include <algorithm>

#include "harness/promql/evaluation_failure.h"
#include "harness/promql/functions.h"

namespace tocsin::promql {
namespace {

/// Whether all series of an expression carry the same metric name, so that dropping it makes no two
/// of them equal.
bool names_one_metric(const Node& node) {
  const Node* inner = &unwrap(node);
  if (inner->kind == NodeKind::kMatrixSelector) {
    inner = static_cast<const MatrixSelector*>(inner)->vector.get();
  }
  if (inner->kind != NodeKind::kVectorSelector) return false;
  const auto& matchers = static_cast<const VectorSelector*>(inner)->matchers;
  return std::any_of(matchers.begin(), matchers.end(), [](const Matcher& matcher) {
    return matcher.op() == MatchOp::kEqual && matcher.name() == kMetricName;
  });
}

}  // namespace

Evaluation::Evaluation(const SeriesSource& from, const Timeline& whole,
                       const QueryOptions& query_options)
    : source(from),
      query(whole),
      options(query_options),
      deadline_(query_options.timeout > Duration(0)
                    ? std::chrono::steady_clock::now() + query_options.timeout
                    : std::chrono::steady_clock::time_point::max()) {}

void Evaluation::fail(std::string message, TextRange range) const {
  throw EvaluationFailure(ErrorKind::kInput, std::move(message), range);
}

void Evaluation::charge(std::size_t values) {
  charged_ += values;
  if (options.max_samples != 0 && charged_ > options.max_samples) {
    throw EvaluationFailure(ErrorKind::kLimit,
                            "query processing would load too many samples into memory in query "
                            "execution",
                            {});
  }
}

void Evaluation::charge_label(std::size_t bytes, TextRange range) {
  if (bytes > kLongestMadeLabel) {
    throw EvaluationFailure(ErrorKind::kLimit, "a label value would be longer than 1 MiB", range);
  }
  constexpr std::size_t kBytesOfASample = 16;
  charge(bytes / kBytesOfASample);
}

void Evaluation::check_time() const {
  const auto is_set = [](const std::atomic<bool>* flag) {
    return flag != nullptr && flag->load(std::memory_order_relaxed);
  };
  if (is_set(options.cancelled) || is_set(options.abandoned)) {
    throw EvaluationFailure(ErrorKind::kCancelled, "query was canceled in expression evaluation",
                            {});
  }
  if (deadline_ == std::chrono::steady_clock::time_point::max()) return;
  if (std::chrono::steady_clock::now() > deadline_) {
    throw EvaluationFailure(ErrorKind::kTimeout, "query timed out in expression evaluation", {});
  }
}

void Evaluation::check_steps(const Timeline& timeline, TextRange range) const {
  constexpr std::size_t kMost = std::size_t{1} << 32;
  const std::size_t most = options.max_samples == 0 ? kMost : options.max_samples;
  if (timeline.steps() <= most) return;
  throw EvaluationFailure(ErrorKind::kLimit, "the time range has too many steps", range);
}

void Evaluation::rows(const Node& node, const Timeline& timeline, RowSink sink) {
  check_time();
  if (timeline.steps() > 1 && step_invariant(node)) return broadcast(node, timeline, sink);
  dispatch(node, timeline, sink);
}

void Evaluation::broadcast(const Node& node, const Timeline& timeline, RowSink sink) {
  const std::size_t steps = timeline.steps();
  const Timeline once{timeline.start, timeline.start, timeline.step};
  dispatch(node, once, [&](Row& row) {
    row.values.resize(steps, row.values.front());
    std::fill(row.values.begin(), row.values.end(), row.values.front());
    row.present.assign(steps, true);
    if (row.has_histograms()) row.histograms.resize(steps, row.histograms.front());
    sink(row);
  });
}

void Evaluation::dispatch(const Node& node, const Timeline& timeline, RowSink sink) {
  if (node.type == ValueType::kScalar) {
    Row row;
    row.clear(timeline.steps());
    const ScalarColumn column = scalar(node, timeline);
    for (std::size_t i = 0; i < row.steps(); ++i) row.set(i, column[i]);
    return sink(row);
  }
  switch (node.kind) {
    case NodeKind::kVectorSelector:
      return evaluate_selector(*this, static_cast<const VectorSelector&>(node), timeline, sink);
    case NodeKind::kCall:
      return evaluate_call(*this, static_cast<const Call&>(node), timeline, sink);
    case NodeKind::kAggregate:
      return evaluate_aggregate(*this, static_cast<const Aggregate&>(node), timeline, sink);
    case NodeKind::kBinary: {
      const auto& binary = static_cast<const Binary&>(node);
      if (is_set_operator(binary.op)) return evaluate_set(*this, binary, timeline, sink);
      return evaluate_binary(*this, binary, timeline, sink);
    }
    case NodeKind::kUnary:
      return evaluate_unary(*this, static_cast<const Unary&>(node), timeline, sink);
    case NodeKind::kParen:
      return dispatch(unwrap(node), timeline, sink);
    default:
      fail("this expression gives no instant vector", node.range);
  }
}

void Evaluation::subquery_rows(const Subquery& node, const Timeline& inner, RowSink sink) {
  charge(inner.steps());
  rows(*node.inner, inner, sink);
  charged_ -= inner.steps();
}

std::vector<Row> Evaluation::collect(const Node& node, const Timeline& timeline) {
  std::vector<Row> all;
  rows(node, timeline, [&](Row& row) {
    charge(row.steps());
    all.push_back(std::move(row));
    row = Row();
  });
  return all;
}

std::vector<SeriesView> Evaluation::select(std::span<const Matcher> matchers, std::int64_t from,
                                           std::int64_t to) {
  if (from > to) return {};
  return source.select(matchers, {from_ms(from), from_ms(to)});
}

Labels match_signature(const Labels& labels, const VectorMatching& matching) {
  if (matching.on) return labels.only(matching.labels);
  return labels.without(matching.labels).without_metric_name();
}

void DuplicateGuard::see(const Row& row, TextRange range) {
  const auto [known, is_new] = seen_.try_emplace(row.labels, row.present);
  if (is_new) return;
  if (known->second.overlaps(row.present)) {
    evaluation_.fail("vector cannot contain metrics with the same labelset", range);
  }
  known->second |= row.present;
}

NameDropper::NameDropper(Evaluation& evaluation, const Node& operand, TextRange range)
    : evaluation_(evaluation),
      range_(range),
      checks_(!evaluation.options.delayed_name_removal && !names_one_metric(operand)),
      guard_(evaluation) {}

void NameDropper::drop(Row& row) {
  if (evaluation_.options.delayed_name_removal) {
    row.drop_name = true;
  } else {
    row.labels = without_metadata(row.labels);
  }
  if (checks_) guard_.see(row, range_);
}

}  // namespace tocsin::promql
