#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/promql/evaluator.h"
#include "harness/promql/series_notation.h"

/// Test scripts in Prometheus' own format (promql/promqltest): `load`, `load_with_nhcb`, `clear`,
/// `eval instant` and `eval range` with `expect` lines, and the older eval_fail, eval_warn,
/// eval_info and eval_ordered.

namespace tocsin::promql {

/// What an evaluation must say. Without message and pattern anything will do.
struct ExpectedText {
  std::optional<std::string> message;
  std::optional<std::string> pattern;
};

struct ExpectedSeries {
  Labels labels;
  std::vector<SequenceValue> values;
};

struct EvalCommand {
  std::string expression;
  Timeline timeline;
  bool instant = true;

  bool fails = false;
  std::vector<ExpectedText> failure;  ///< at most one
  bool ordered = false;
  bool some_warning = false;  ///< eval_warn
  bool some_info = false;     ///< eval_info
  std::vector<ExpectedText> warnings;
  std::vector<ExpectedText> infos;
  bool no_warning = false;
  bool no_info = false;

  std::optional<std::string> text;
  std::optional<double> scalar;
  std::vector<ExpectedSeries> series;
  /// `expect range vector`: the times of the result's samples.
  std::optional<Timeline> range_vector;
};

struct LoadCommand {
  struct Series {
    Labels labels;
    std::vector<SequenceValue> values;
    std::vector<SequenceValue> starts;  ///< start timestamps as ms before the sample; may be empty
  };
  Duration interval{0};
  bool with_custom_buckets = false;  ///< load_with_nhcb
  std::vector<Series> series;
};

struct ScriptCommand {
  enum class Kind { kClear, kLoad, kEval };
  Kind kind = Kind::kClear;
  int line = 0;
  LoadCommand load;
  EvalCommand eval;
};

/// So many values may the lines of a script stand for.
inline constexpr std::size_t kMostScriptValues = 20'000'000;

/// Errors carry file, line and column.
Result<std::vector<ScriptCommand>> parse_script(std::string_view text, const std::string& file);

struct EvalOutcome {
  int line = 0;
  std::string expression;
  std::string failure;  ///< empty: passed

  bool passed() const { return failure.empty(); }
};

/// Runs the commands one after another on an empty store.
std::vector<EvalOutcome> run_script(const std::vector<ScriptCommand>& commands,
                                    const QueryOptions& options);
/// With all that the scripts want switched on.
QueryOptions script_options();

/// Empty when an evaluation's result is as expected, else what is wrong.
std::string compare_result(const EvalCommand& expected, const QueryResult& result);
std::string compare_annotations(const EvalCommand& expected, const QueryResult& result,
                                std::string_view text);

}  // namespace tocsin::promql
