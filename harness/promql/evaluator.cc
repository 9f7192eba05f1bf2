#include "harness/promql/evaluator.h"

#include <algorithm>

#include "harness/base/utf8.h"
#include "harness/promql/evaluation.h"
#include "harness/promql/evaluation_failure.h"

namespace tocsin::promql {
namespace {

Error positioned(const EvaluationFailure& failure, std::string_view text) {
  Error error;
  error.kind = failure.kind;
  error.message = failure.message;
  if (failure.range.end == 0 || failure.range.end > text.size()) return error;
  const std::string_view before = text.substr(0, failure.range.begin);
  const std::size_t line_start = before.rfind('\n') + 1;  // 0 when there is none
  error.pos.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  error.pos.column = 1 + static_cast<int>(utf8_length(before.substr(line_start)));
  error.length = static_cast<int>(
      utf8_length(text.substr(failure.range.begin, failure.range.end - failure.range.begin)));
  return error;
}

/// Joins rows of equal labels, which are never present at the same step.
std::vector<Row> merged(Evaluation& evaluation, std::vector<Row> rows, TextRange range) {
  std::unordered_map<Labels, std::size_t> first;
  std::vector<Row> result;
  result.reserve(rows.size());
  for (Row& row : rows) {
    const auto [known, is_new] = first.try_emplace(row.labels, result.size());
    if (is_new) {
      result.push_back(std::move(row));
      continue;
    }
    Row& target = result[known->second];
    if (target.present.overlaps(row.present)) {
      evaluation.fail("vector cannot contain metrics with the same labelset", range);
    }
    row.present.for_each([&](std::size_t i) {
      if (row.histogram(i) != nullptr) {
        target.set(i, row.histograms[i]);
      } else {
        target.set(i, row.values[i]);
      }
    });
  }
  return result;
}

std::vector<Row> final_rows(Evaluation& evaluation, const Node& root, const Timeline& timeline) {
  std::vector<Row> rows = evaluation.collect(root, timeline);
  for (Row& row : rows) {
    if (row.drop_name) row.labels = without_metadata(row.labels);
  }
  return merged(evaluation, std::move(rows), root.range);
}

bool by_labels(const Row& a, const Row& b) {
  return a.labels < b.labels;
}

void take_vector(Evaluation& evaluation, const Node& root, QueryResult& result) {
  std::vector<Row> rows = final_rows(evaluation, root, result.timeline);
  // An instant query's order is part of its result (sort, topk).
  if (!result.timeline.is_instant()) std::sort(rows.begin(), rows.end(), by_labels);
  result.columns.reserve(rows.size());
  for (Row& row : rows) result.columns.push_back(std::move(static_cast<Column&>(row)));
}

void take_scalar(Evaluation& evaluation, const Node& root, QueryResult& result) {
  const std::size_t steps = result.timeline.steps();
  ScalarColumn scalar = evaluation.scalar(root, result.timeline);
  if (scalar.constant()) scalar.values.resize(steps, scalar.values.front());
  result.columns.resize(1);
  result.columns.front().values = std::move(scalar.values);
  result.columns.front().present.assign(steps, true);
}

void take_matrix(Evaluation& evaluation, const Node& root, QueryResult& result) {
  result.matrix = evaluate_matrix(evaluation, unwrap(root), result.timeline);
  std::sort(result.matrix.begin(), result.matrix.end(),
            [](const SeriesView& a, const SeriesView& b) { return a.labels < b.labels; });
}

void evaluate_root(Evaluation& evaluation, const Node& root, QueryResult& result) {
  const bool instant = result.timeline.steps() <= 1;
  if (!instant && (root.type == ValueType::kMatrix || root.type == ValueType::kString)) {
    evaluation.fail("invalid expression type \"" + std::string(describe(root.type)) +
                        "\" for range query, must be Scalar or instant Vector",
                    root.range);
  }
  switch (root.type) {
    case ValueType::kString:
      result.text = static_cast<const StringLiteral&>(unwrap(root)).value;
      return;
    case ValueType::kMatrix:
      return take_matrix(evaluation, root, result);
    case ValueType::kScalar:
      return take_scalar(evaluation, root, result);
    default:
      return take_vector(evaluation, root, result);
  }
}

}  // namespace

Labels without_metadata(const Labels& labels) {
  static const std::vector<std::string> kMetadata = {"__name__", "__type__", "__unit__"};
  return labels.without(kMetadata);
}

Result<QueryResult> evaluate(const Expression& expression, const SeriesSource& source,
                             const Timeline& timeline, const QueryOptions& options) {
  QueryResult result;
  result.type = expression.root->type;
  result.timeline = timeline;
  Evaluation evaluation(source, timeline, options);
  try {
    evaluation.check_steps(timeline, expression.root->range);
    evaluation.mark_statistics_only(*expression.root);
    if (timeline.steps() > 0) evaluate_root(evaluation, *expression.root, result);
  } catch (const EvaluationFailure& failure) {
    return positioned(failure, expression.text);
  }
  result.annotations = evaluation.annotations.take();
  return result;
}

}  // namespace tocsin::promql
