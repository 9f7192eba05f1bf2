// label_replace and label_join: functions of series, blind to time and values.

#include <algorithm>

#include "harness/base/regex.h"
#include "harness/base/utf8.h"
#include "harness/promql/evaluation.h"
#include "harness/promql/functions.h"

namespace tocsin::promql {
namespace {

const std::string& text_of(const Call& call, std::size_t i) {
  return static_cast<const StringLiteral&>(unwrap(*call.arguments[i])).value;
}

/// Any text; in Prometheus 2 an identifier.
bool is_label_name(const Evaluation& evaluation, const std::string& name) {
  if (evaluation.options.version_2) return is_legacy_label_name(name);
  return !name.empty() && !find_invalid_utf8(name);
}

/// A label in the way of another series shows as two values of one series at the same step.
void relabel(Row& row, const std::string& name, std::string_view value) {
  row.labels = row.labels.with(name, value);
  if (name == kMetricName) row.drop_name = false;
}

void evaluate_label_replace(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                            RowSink sink) {
  const std::string& target = text_of(call, 1);
  const std::string& replacement = text_of(call, 2);
  const std::string& from = text_of(call, 3);
  const Result<Regex> regex = Regex::compile(
      text_of(call, 4), evaluation.options.version_2 ? Dot::kNoLineBreak : Dot::kAnything);
  if (!regex) {
    evaluation.fail("invalid regular expression in label_replace(): " + text_of(call, 4),
                    call.arguments[4]->range);
  }
  if (!is_label_name(evaluation, target)) {
    evaluation.fail("invalid destination label name in label_replace(): " + target,
                    call.arguments[1]->range);
  }
  DuplicateGuard guard(evaluation);
  const auto groups =
      static_cast<std::size_t>(std::count(replacement.begin(), replacement.end(), '$'));
  evaluation.rows(*call.arguments.front(), timeline, [&](Row& row) {
    const std::string_view source = row.labels.get(from);
    std::string value;
    // Looked at before, lest the value fills the memory; few replacements are cut short by it.
    evaluation.charge_label(replacement.size() + groups * source.size(), call.range);
    if (regex->expand(source, replacement, value)) relabel(row, target, value);
    guard.see(row, call.range);
    sink(row);
  });
}

void evaluate_label_join(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                         RowSink sink) {
  const std::string& target = text_of(call, 1);
  const std::string& separator = text_of(call, 2);
  for (std::size_t i = 3; i < call.arguments.size(); ++i) {
    if (is_label_name(evaluation, text_of(call, i))) continue;
    evaluation.fail("invalid source label name in label_join(): " + text_of(call, i),
                    call.arguments[i]->range);
  }
  if (!is_label_name(evaluation, target)) {
    evaluation.fail("invalid destination label name in label_join(): " + target,
                    call.arguments[1]->range);
  }
  DuplicateGuard guard(evaluation);
  evaluation.rows(*call.arguments.front(), timeline, [&](Row& row) {
    std::string value;
    for (std::size_t i = 3; i < call.arguments.size(); ++i) {
      if (i > 3) value += separator;
      value += row.labels.get(text_of(call, i));
      if (value.size() > kLongestMadeLabel) break;
    }
    evaluation.charge_label(value.size(), call.range);
    relabel(row, target, value);
    guard.see(row, call.range);
    sink(row);
  });
}

}  // namespace

std::span<const FunctionEvaluator> label_functions() {
  static const FunctionEvaluator kFunctions[] = {
      {"label_join", evaluate_label_join},
      {"label_replace", evaluate_label_replace},
  };
  return kFunctions;
}

}  // namespace tocsin::promql
