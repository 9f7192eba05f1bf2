#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/model/labels.h"
#include "harness/model/native_histogram.h"
#include "harness/promql/parser.h"
#include "harness/ruletest/inputs.h"
#include "harness/yaml/scalar_map.h"

/// Rule unit tests in promtool's own format, as promtool 3 reads it, and what Tocsin adds under
/// keys that begin with "x-" (promtool refuses those):
///
///     x-tocsin: {exp_labels: partial, exp_annotations: partial}
///         in the file, in a test or in an item of alert_rule_test: an alert may have more labels,
///         or annotations, than are expected. "exact" takes it back.
///     x-tocsin: {repeat: 500}
///         in an item of input_series: so many series, with 0, 1, 2 … for ${counter} in `series`
///         and `values`.
///
/// Other "x-" keys of the file, of tests and of their items are free, for anchors.

namespace tocsin::ruletest {

/// A text of the file and where it stands.
struct Written {
  std::string text;
  SourcePos pos;
};

enum class Match { kExact, kPartial };

struct ExpectedAlert {
  SourcePos pos;
  std::map<std::string, std::string> labels;  ///< with alertname
  std::map<std::string, std::string> annotations;
};

/// An item of alert_rule_test: which alerts of this name fire at a time, and no others.
struct AlertCase {
  SourcePos pos;
  Duration eval_time{0};
  std::string alert;
  std::vector<ExpectedAlert> expected;
  Match labels = Match::kExact;
  Match annotations = Match::kExact;
};

struct ExpectedSample {
  SourcePos pos;
  Labels labels;
  double value = 0;
  NativeHistogramPtr histogram;  ///< or null
};

/// An item of promql_expr_test.
struct ExpressionCase {
  SourcePos pos;
  Duration eval_time{0};
  promql::Expression expression;
  yaml::ScalarMap expression_map;  ///< from places in the expression to places in the file
  std::vector<ExpectedSample> expected;
};

/// An item of `tests`: series, and what follows from them.
struct TestGroup {
  SourcePos pos;
  std::string name;      ///< "unnamed#3" where the file gives none, as promtool counts: from 0
  Duration interval{0};  ///< between the samples of the input series
  Timestamp start = {};
  std::shared_ptr<const Inputs> inputs;  ///< never null
  std::vector<AlertCase> alerts;
  std::vector<ExpressionCase> expressions;
  std::vector<std::pair<std::string, std::string>> external_labels;
  std::string external_url;

  std::size_t cases() const { return alerts.size() + expressions.size(); }
  /// The last time that a case asks about.
  Duration last_eval_time() const;
};

struct TestFile {
  std::string path;
  std::vector<Written> rule_files;  ///< patterns as written
  Duration evaluation_interval = std::chrono::minutes(1);
  std::vector<std::string> group_eval_order;
  bool fuzzy_compare = false;     ///< neighbouring floating-point numbers are equal
  std::vector<TestGroup> groups;  ///< those that were chosen
  std::size_t left_out = 0;       ///< groups that were not
  /// What promtool accepts and is likely a mistake.
  std::vector<Error> warnings;
};

/// Bounds that keep hostile files harmless.
inline constexpr std::size_t kLargestTestFile = 64 << 20;   ///< bytes
inline constexpr std::size_t kMostInputSamples = 16 << 20;  ///< of a test
inline constexpr std::size_t kMostRepetitions = 1'000'000;  ///< x-tocsin: {repeat: …}
inline constexpr std::size_t kMostSteps = 10'000'000;       ///< evaluations of a rule in a test

/// Which tests are wanted, by their regular expressions, unanchored; none: all.
using NameFilter = std::vector<std::string>;

/// Every problem of the file goes to `diagnostics`, with positions inside the YAML scalars; in
/// tests that are not chosen, only what hinders reading the file. What is returned is only fit for
/// use when nothing was added.
TestFile parse_test_file(std::string path, std::string text, const NameFilter& run,
                         Diagnostics& diagnostics, const promql::ParseOptions& language = {});
/// The same from disk, "-" being standard input; an unreadable file is a diagnostic too.
TestFile load_test_file(const std::string& path, const NameFilter& run, Diagnostics& diagnostics,
                        const promql::ParseOptions& language = {});

}  // namespace tocsin::ruletest
