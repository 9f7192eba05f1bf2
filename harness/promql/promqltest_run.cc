// Runs test scripts and says what is wrong with a result.

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "harness/base/regex.h"
#include "harness/promql/annotations.h"
#include "harness/promql/histogram_buckets.h"
#include "harness/promql/native_histogram_text.h"
#include "harness/promql/promqltest.h"
#include "harness/promql/promqltest_at.h"
#include "harness/promql/script_store.h"

namespace tocsin::promql {
namespace {

constexpr double kScriptTolerance = 1e-6;

bool nearly_equal(double a, double b) {
  if (is_stale(a) || is_stale(b)) return is_stale(a) && is_stale(b);
  if (std::isnan(a) && std::isnan(b)) return true;
  if (a == b) return true;
  constexpr double kSmallestNormal = std::numeric_limits<double>::min();
  const double size = std::abs(a) + std::abs(b);
  const double difference = std::abs(a - b);
  if (a == 0 || b == 0 || size < kSmallestNormal)
    return difference < kScriptTolerance * kSmallestNormal;
  return difference / std::min(size, std::numeric_limits<double>::max()) < kScriptTolerance;
}

bool nearly_equal(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return nearly_equal(x, y); });
}

bool nearly_equal(NativeHistogram expected, NativeHistogram got, bool with_hint) {
  compact(expected);
  compact(got);
  return expected.schema == got.schema && nearly_equal(expected.count, got.count) &&
         nearly_equal(expected.sum, got.sum) && expected.custom_bounds == got.custom_bounds &&
         expected.zero_threshold == got.zero_threshold &&
         nearly_equal(expected.zero_count, got.zero_count) &&
         equal_layout(expected.positive_spans, got.positive_spans) &&
         equal_layout(expected.negative_spans, got.negative_spans) &&
         nearly_equal(expected.positive_buckets, got.positive_buckets) &&
         nearly_equal(expected.negative_buckets, got.negative_buckets) &&
         (!with_hint || expected.hint == got.hint);
}

/// A sample of either kind, as expected or as got.
struct ScriptSample {
  double value = 0;
  const NativeHistogram* histogram = nullptr;
};

std::string text_of(const ScriptSample& sample) {
  return sample.histogram != nullptr ? test_notation(*sample.histogram) : format_g(sample.value);
}

bool matches(const SequenceValue& expected, const ScriptSample& got) {
  if ((expected.histogram != nullptr) != (got.histogram != nullptr)) return false;
  if (got.histogram == nullptr) return nearly_equal(expected.value, got.value);
  return nearly_equal(*expected.histogram, *got.histogram, expected.hint_given);
}

std::string text_of(const SequenceValue& value) {
  return text_of(ScriptSample{value.value, value.histogram.get()});
}

const ExpectedSeries* find_series(const EvalCommand& expected, const Labels& labels) {
  // Of two lines for one series the later one counts.
  const auto found =
      std::find_if(expected.series.rbegin(), expected.series.rend(),
                   [&](const ExpectedSeries& series) { return series.labels == labels; });
  return found == expected.series.rend() ? nullptr : &*found;
}

/// One series of a result: samples at times.
struct GotSeries {
  Labels labels;
  std::vector<std::pair<Timestamp, ScriptSample>> samples;
};

std::string compare_series(const ExpectedSeries& expected, const GotSeries& got,
                           const Timeline& times) {
  const std::string name = got.labels.to_string();
  std::size_t next = 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    const SequenceValue& value = expected.values[i];
    const Timestamp at = times.at(i);
    if (at > times.end) {
      return fmt::format("{} values expected for {}, more than the range has steps",
                         expected.values.size(), name);
    }
    const bool here = next < got.samples.size() && got.samples[next].first == at;
    const std::string when = " at " + format_duration(at.time_since_epoch());
    if (value.omitted) {
      if (!here) continue;
      return fmt::format("expected no value of {}{}, got {}", name, when,
                         text_of(got.samples[next].second));
    }
    if (!here) return fmt::format("expected {} for {}{}, got none", text_of(value), name, when);
    if (!matches(value, got.samples[next].second)) {
      return fmt::format("expected {} for {}{}, got {}", text_of(value), name, when,
                         text_of(got.samples[next].second));
    }
    ++next;
  }
  if (next == got.samples.size()) return {};
  return fmt::format("unexpected value {} of {} at {}", text_of(got.samples[next].second), name,
                     format_duration(got.samples[next].first.time_since_epoch()));
}

std::string compare_all(const EvalCommand& expected, const std::vector<GotSeries>& got,
                        const Timeline& times) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    const ExpectedSeries* series = find_series(expected, got[i].labels);
    if (series == nullptr) {
      return fmt::format("unexpected series {}, first value {}", got[i].labels.to_string(),
                         text_of(got[i].samples.front().second));
    }
    if (expected.ordered && series != &expected.series[std::min(i, expected.series.size() - 1)]) {
      return fmt::format("expected {} at another place than {}", series->labels.to_string(), i + 1);
    }
    std::string problem = compare_series(*series, got[i], times);
    if (!problem.empty()) return problem;
  }
  for (const ExpectedSeries& series : expected.series) {
    const bool found = std::any_of(got.begin(), got.end(), [&](const GotSeries& other) {
      return other.labels == series.labels;
    });
    if (!found) return "expected series " + series.labels.to_string() + " is missing";
  }
  return {};
}

std::vector<GotSeries> series_of(const QueryResult& result) {
  std::vector<GotSeries> all;
  for (const Column& column : result.columns) {
    GotSeries series{column.labels, {}};
    for (std::size_t i = 0; i < column.present.size(); ++i) {
      if (!column.present[i]) continue;
      const NativeHistogram* histogram =
          column.histograms.empty() ? nullptr : column.histograms[i].get();
      series.samples.emplace_back(result.timeline.at(i), ScriptSample{column.values[i], histogram});
    }
    all.push_back(std::move(series));
  }
  for (const SeriesView& view : result.matrix) {
    GotSeries series{view.labels, {}};
    for (std::size_t i = 0; i < view.timestamps.size(); ++i) {
      const NativeHistogram* histogram =
          view.histograms.empty() ? nullptr : view.histograms[i].get();
      series.samples.emplace_back(from_ms(view.timestamps[i]),
                                  ScriptSample{view.values[i], histogram});
    }
    all.push_back(std::move(series));
  }
  return all;
}

bool satisfies(const ExpectedText& expected, const std::string& text) {
  if (expected.message) return *expected.message == text;
  if (!expected.pattern) return true;
  const Result<bool> found = regex_search(*expected.pattern, text);
  return found && *found;
}

std::string compare_texts(const char* kind, const std::vector<ExpectedText>& expected,
                          const std::vector<std::string>& got) {
  if (expected.empty()) return {};
  for (const ExpectedText& text : expected) {
    if (std::any_of(got.begin(), got.end(),
                    [&](const std::string& found) { return satisfies(text, found); })) {
      continue;
    }
    return fmt::format("expected {} \"{}\" is missing{}", kind,
                       text.message.value_or(text.pattern.value_or("")),
                       got.empty() ? "" : ", got \"" + got.front() + "\"");
  }
  for (const std::string& found : got) {
    if (std::none_of(expected.begin(), expected.end(),
                     [&](const ExpectedText& text) { return satisfies(text, found); })) {
      return fmt::format("unexpected {} \"{}\"", kind, found);
    }
  }
  return {};
}

std::string check_failure(const EvalCommand& eval, const Error& error) {
  if (!eval.fails) return "failed: " + to_string(error);
  if (eval.failure.empty() || satisfies(eval.failure.front(), error.message)) return {};
  // Syntax errors are matched with their place, as Prometheus words them.
  const std::string full =
      fmt::format("{}:{}: parse error: {}", error.pos.line, error.pos.column, error.message);
  if (satisfies(eval.failure.front(), full)) return {};
  const ExpectedText& expected = eval.failure.front();
  return fmt::format("expected failure \"{}\", got \"{}\"",
                     expected.message.value_or(expected.pattern.value_or("")), error.message);
}

bool depends_on_query(std::string_view expression) {
  for (const std::string_view call : {"start()", "end()", "range()", "step()"}) {
    if (expression.find(call) != std::string_view::npos) return true;
  }
  return false;
}

/// An instant query must give the same as the middle step of a range query.
std::string check_as_range(const EvalCommand& eval, const Expression& expression,
                           const SeriesSource& source, const QueryOptions& options) {
  if (eval.range_vector || eval.text || eval.ordered || depends_on_query(eval.expression)) {
    return {};
  }
  constexpr Duration kMinuteMs = std::chrono::minutes(1);
  const Timestamp at = eval.timeline.start;
  const auto result =
      evaluate(expression, source, {at - kMinuteMs, at + kMinuteMs, kMinuteMs}, options);
  if (!result) return "as a range query: " + to_string(result.error());
  QueryResult middle;
  middle.type = result->type;
  middle.timeline = eval.timeline;
  for (const Column& column : result->columns) {
    constexpr std::size_t kMiddle = 1;
    if (!column.present[kMiddle]) continue;
    Column one{column.labels, {column.values[kMiddle]}, Presence(1, true), {}};
    if (!column.histograms.empty()) one.histograms = {column.histograms[kMiddle]};
    middle.columns.push_back(std::move(one));
  }
  const std::string problem = compare_result(eval, middle);
  return problem.empty() ? problem : "as a range query: " + problem;
}

std::string check_eval(const EvalCommand& eval, const SeriesSource& source,
                       const QueryOptions& options) {
  const Result<Expression> expression =
      parse_expression(eval.expression, {.version_2 = options.version_2});
  if (!expression) return check_failure(eval, expression.error());
  const Result<QueryResult> result = evaluate(*expression, source, eval.timeline, options);
  if (!result) return check_failure(eval, result.error());
  if (eval.fails) return "expected a failure, but the query succeeded";
  std::string problem = compare_annotations(eval, *result, expression->text);
  if (problem.empty()) problem = compare_result(eval, *result);
  if (problem.empty() && eval.instant) {
    problem = check_as_range(eval, *expression, source, options);
  }
  if (problem.empty() && eval.instant) problem = check_pinned(eval, source, options);
  return problem;
}

}  // namespace

std::string compare_result(const EvalCommand& expected, const QueryResult& result) {
  if (result.type == ValueType::kString) {
    if (expected.text == result.text) return {};
    return fmt::format("expected the string \"{}\", got \"{}\"", expected.text.value_or(""),
                       result.text);
  }
  if (result.type == ValueType::kScalar && expected.instant) {
    if (!expected.scalar) return "expected a vector or matrix, got a scalar";
    const double got = result.columns.front().values.front();
    if (nearly_equal(*expected.scalar, got)) return {};
    return fmt::format("expected {}, got {}", format_g(*expected.scalar), format_g(got));
  }
  if (expected.scalar) return "expected a scalar, got " + std::string(describe(result.type));
  const Timeline times = expected.range_vector.value_or(result.timeline);
  return compare_all(expected, series_of(result), times);
}

std::string compare_annotations(const EvalCommand& expected, const QueryResult& result,
                                std::string_view text) {
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
  for (const Annotation& annotation : result.annotations) {
    (annotation.kind == AnnotationKind::kWarning ? warnings : infos)
        .push_back(to_string(annotation, text));
  }
  if (expected.some_warning && warnings.empty()) return "expected a warning, got none";
  if (expected.some_info && infos.empty()) return "expected an info, got none";
  if (expected.no_warning && !warnings.empty()) return "unexpected warning: " + warnings.front();
  if (expected.no_info && !infos.empty()) return "unexpected info: " + infos.front();
  std::string problem = compare_texts("warning", expected.warnings, warnings);
  return problem.empty() ? compare_texts("info", expected.infos, infos) : problem;
}

QueryOptions script_options() {
  QueryOptions options;
  options.delayed_name_removal = true;
  options.use_start_timestamps = true;
  return options;
}

std::vector<EvalOutcome> run_script(const std::vector<ScriptCommand>& commands,
                                    const QueryOptions& options) {
  ScriptStore store;
  std::vector<EvalOutcome> outcomes;
  for (const ScriptCommand& command : commands) {
    switch (command.kind) {
      case ScriptCommand::Kind::kClear:
        store.clear();
        break;
      case ScriptCommand::Kind::kLoad: {
        const Result<void> loaded = store.load(command.load);
        if (!loaded) outcomes.push_back({command.line, "load", loaded.error().message});
        break;
      }
      case ScriptCommand::Kind::kEval:
        outcomes.push_back(
            {command.line, command.eval.expression, check_eval(command.eval, store, options)});
        break;
    }
  }
  return outcomes;
}

}  // namespace tocsin::promql
