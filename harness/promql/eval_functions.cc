// Calls: which function is computed where; scalars; functions of whole vectors.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "harness/base/check.h"
#include "harness/promql/arithmetic.h"
#include "harness/promql/evaluation.h"
#include "harness/promql/functions.h"
#include "harness/promql/latest_sample.h"
#include "harness/promql/natural_order.h"

namespace tocsin::promql {
namespace {

const Node& argument(const Call& call, std::size_t i) {
  return unwrap(*call.arguments[i]);
}

void evaluate_absent(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                     RowSink sink) {
  Presence seen(timeline.steps());
  evaluation.rows(argument(call, 0), timeline, [&](Row& row) { seen |= row.present; });
  Row row;
  row.clear(timeline.steps());
  for (std::size_t i = 0; i < row.steps(); ++i) {
    if (!seen[i]) row.set(i, 1);
  }
  if (row.present.none()) return;
  if (argument(call, 0).kind == NodeKind::kVectorSelector) {
    row.labels = absent_labels(static_cast<const VectorSelector&>(argument(call, 0)).matchers);
  }
  sink(row);
}

void evaluate_vector(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                     RowSink sink) {
  evaluation.rows(argument(call, 0), timeline, sink);
}

/// timestamp() and start_timestamp() of a selector look at the samples themselves.
/// Where timestamp() looks. With an @ modifier Prometheus forgets the offset, but has loaded only
/// the samples that it would need with it: a sample must be recent enough with and without.
struct TimestampLook {
  LookTimes times;
  QueryOptions options;

  TimestampLook(const Evaluation& evaluation, const TimeShift& shift, const Timeline& timeline)
      : times(evaluation.look_times(shift, timeline)), options(evaluation.options) {
    if (shift.at == AtKind::kNone) return;
    const Duration offset = evaluation.offset(shift);
    if (offset < Duration(0)) times.first_ms += offset.count();
    options.lookback -= offset < Duration(0) ? -offset : offset;
  }
};

void evaluate_sample_times(Evaluation& evaluation, const Call& call, const VectorSelector& node,
                           const Timeline& timeline, RowSink sink) {
  const bool of_start = call.function->name == "start_timestamp";
  if (of_start && !evaluation.options.use_start_timestamps) return;
  NameDropper names(evaluation, node, call.range);
  const TimestampLook look(evaluation, node.shift, timeline);
  const LookTimes& times = look.times;
  Row row;
  for (const SeriesView& view : select_latest(evaluation, node, times)) {
    row.clear(timeline.steps());
    for_latest(view, times, look.options, [&](std::size_t step, std::size_t i) {
      std::int64_t ms = view.timestamps[i];
      if (of_start) ms = view.start_timestamps.empty() ? 0 : view.start_timestamps[i];
      row.set(step, static_cast<double>(ms) / 1000);
    });
    if (row.present.none()) continue;
    row.labels = view.labels;
    names.drop(row);
    sink(row);
  }
}

void evaluate_timestamp(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                        RowSink sink) {
  const Node& operand = argument(call, 0);
  if (operand.kind == NodeKind::kVectorSelector) {
    return evaluate_sample_times(evaluation, call, static_cast<const VectorSelector&>(operand),
                                 timeline, sink);
  }
  if (call.function->name == "start_timestamp") return;
  NameDropper names(evaluation, operand, call.range);
  evaluation.rows(operand, timeline, [&](Row& row) {
    row.histograms.clear();
    for (std::size_t i = 0; i < row.steps(); ++i) {
      row.values[i] = static_cast<double>(to_ms(timeline.at(i))) / 1000;
    }
    names.drop(row);
    sink(row);
  });
}

void evaluate_sort(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                   RowSink sink) {
  const bool descending = call.function->name == "sort_desc";
  std::vector<Row> rows;
  evaluation.rows(argument(call, 0), timeline, [&](Row& row) {
    row.keep_floats();
    if (!row.present.none()) rows.push_back(std::move(row));
    row = Row();
  });
  if (timeline.start != timeline.end) {
    evaluation.note(sort_in_range_query(call.range));
  } else {
    // NaN goes last either way.
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
      const double x = a.values.front();
      const double y = b.values.front();
      if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
      return descending ? x > y : x < y;
    });
  }
  for (Row& row : rows) sink(row);
}

void evaluate_sort_by_label(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                            RowSink sink) {
  const bool descending = call.function->name == "sort_by_label_desc";
  std::vector<std::string> names;
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    names.push_back(static_cast<const StringLiteral&>(argument(call, i)).value);
  }
  std::vector<Row> rows = evaluation.collect(argument(call, 0), timeline);
  if (timeline.start != timeline.end) {
    evaluation.note(sort_in_range_query(call.range));
  } else {
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& first, const Row& second) {
      const Row& a = descending ? second : first;
      const Row& b = descending ? first : second;
      for (const std::string& name : names) {
        const std::string_view x = a.labels.get(name);
        const std::string_view y = b.labels.get(name);
        if (x != y) return natural_less(x, y);
      }
      return a.labels < b.labels;
    });
  }
  for (Row& row : rows) sink(row);
}

ScalarColumn scalar_of_vector(Evaluation& evaluation, const Node& vector,
                              const Timeline& timeline) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const std::size_t steps = timeline.steps();
  ScalarColumn result{std::vector<double>(steps, kNone)};
  Presence found(steps);
  evaluation.rows(vector, timeline, [&](Row& row) {
    row.keep_floats();
    row.present.for_each([&](std::size_t i) {
      result.values[i] = found[i] ? kNone : row.values[i];
      found.set(i);
    });
  });
  return result;
}

ScalarColumn time_of_steps(const Timeline& timeline) {
  ScalarColumn result;
  for (std::size_t i = 0; i < timeline.steps(); ++i) {
    result.values.push_back(static_cast<double>(to_ms(timeline.at(i))) / 1000);
  }
  return result;
}

template <class F>
ScalarColumn combine(const ScalarColumn& a, const ScalarColumn& b, F f) {
  const std::size_t size = std::max(a.values.size(), b.values.size());
  ScalarColumn result{std::vector<double>(size)};
  for (std::size_t i = 0; i < size; ++i) result.values[i] = f(a[i], b[i]);
  return result;
}

double seconds(Timestamp t) {
  return static_cast<double>(to_ms(t)) / 1000;
}

}  // namespace

ScalarColumn evaluate_scalar_call(Evaluation& evaluation, const Call& call,
                                  const Timeline& timeline) {
  const std::string_view name = call.function->name;
  const Timeline& query = evaluation.query;
  if (name == "scalar") return scalar_of_vector(evaluation, argument(call, 0), timeline);
  if (name == "time") return time_of_steps(timeline);
  if (name == "pi") return {{std::numbers::pi}};
  if (name == "start") return {{seconds(query.start)}};
  if (name == "end") return {{seconds(query.end)}};
  if (name == "range") return {{to_seconds(query.end - query.start)}};
  if (name == "step") {
    return {{query.start == query.end ? 0 : to_seconds(query.step)}};
  }
  TOCSIN_CHECK(name == "max_of" || name == "min_of", "every scalar function is computed here");
  return combine(evaluation.scalar(argument(call, 0), timeline),
                 evaluation.scalar(argument(call, 1), timeline),
                 name == "max_of" ? go_max : go_min);
}

ScalarColumn Evaluation::scalar(const Node& node, const Timeline& timeline) {
  if (timeline.steps() > 1 && node.kind != NodeKind::kNumber && step_invariant(node)) {
    return scalar(node, {timeline.start, timeline.start, timeline.step});
  }
  switch (node.kind) {
    case NodeKind::kNumber:
      return {{static_cast<const NumberLiteral&>(node).value}};
    case NodeKind::kParen:
      return scalar(unwrap(node), timeline);
    case NodeKind::kUnary: {
      const auto& unary = static_cast<const Unary&>(node);
      ScalarColumn result = scalar(*unary.operand, timeline);
      if (unary.negative) {
        for (double& value : result.values) value = -value;
      }
      return result;
    }
    case NodeKind::kBinary: {
      const auto& binary = static_cast<const Binary&>(node);
      if (binary.op == BinaryOp::kTrimUpper || binary.op == BinaryOp::kTrimLower) {
        fail(fmt::format("operator \"{}\" not allowed for Scalar operations", to_string(binary.op)),
             binary.op_range);
      }
      return combine(scalar(*binary.left, timeline), scalar(*binary.right, timeline),
                     [&](double a, double b) { return apply(binary.op, a, b); });
    }
    case NodeKind::kCall:
      return evaluate_scalar_call(*this, static_cast<const Call&>(node), timeline);
    default:
      fail("this expression gives no scalar", node.range);
  }
}

Labels absent_labels(std::span<const Matcher> matchers) {
  std::vector<LabelView> labels;
  std::unordered_map<std::string_view, bool> given;
  for (const Matcher& matcher : matchers) {
    if (matcher.name() == kMetricName) continue;
    bool& known = given[matcher.name()];
    // A second matcher of the same label takes it away again, as it always did in Prometheus.
    const bool takes = matcher.op() == MatchOp::kEqual && !known;
    labels.push_back({matcher.name(), takes ? std::string_view(matcher.value()) : ""});
    known = known || takes;
  }
  return Labels::from(std::move(labels));
}

std::span<const FunctionEvaluator> vector_functions() {
  static const FunctionEvaluator kFunctions[] = {
      {"absent", evaluate_absent},
      {"sort", evaluate_sort},
      {"sort_by_label", evaluate_sort_by_label},
      {"sort_by_label_desc", evaluate_sort_by_label},
      {"sort_desc", evaluate_sort},
      {"start_timestamp", evaluate_timestamp},
      {"timestamp", evaluate_timestamp},
      {"vector", evaluate_vector},
  };
  return kFunctions;
}

void evaluate_call(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                   RowSink sink) {
  static const auto* const kByName = [] {
    auto* table = new std::unordered_map<std::string_view, FunctionEvaluator>;
    for (const auto functions :
         {math_functions(), date_functions(), label_functions(), vector_functions(),
          histogram_functions(), window_functions(), info_functions()}) {
      for (const FunctionEvaluator& function : functions) table->emplace(function.name, function);
    }
    return table;
  }();
  const auto found = kByName->find(call.function->name);
  if (found == kByName->end()) {
    evaluation.fail("unknown function with name \"" + std::string(call.function->name) + "\"",
                    call.range);
  }
  found->second.evaluate(evaluation, call, timeline, sink);
}

}  // namespace tocsin::promql
