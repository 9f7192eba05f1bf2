#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "harness/promql/evaluator.h"
#include "harness/rules/evaluation.h"
#include "harness/ruletest/test_file.h"

/// Running rule unit tests. Rules come parsed and are only read, so that the same tests can be run
/// against changed ones: exchange a Rule within the span, make a new FileRun, exchange it back.

namespace tocsin::ruletest {

/// One line of a comparison: a label, an annotation, a sample.
struct Row {
  std::string name;
  std::optional<std::string> expected;  ///< none: nothing was expected
  std::optional<std::string> got;
  bool same = false;
};

/// What belongs together: an alert, or the samples of an expression.
struct Comparison {
  std::string title;
  std::vector<Row> rows;
};

struct CaseResult {
  enum class Outcome { kPassed, kFailed, kNotRun };

  SourcePos pos;
  std::string name;  ///< "alert InstanceDown at 5m", "expr up == 0 at 1m"
  Outcome outcome = Outcome::kPassed;
  std::string reason;                   ///< of a failure, or why it was not run; one line
  std::vector<Comparison> comparisons;  ///< of a failure
  std::vector<Error> warnings;          ///< PromQL's, of expressions
};

/// One test of the file.
struct GroupResult {
  std::string name;
  SourcePos pos;
  std::vector<CaseResult> cases;  ///< alerts, then expressions, as the file has them
  /// Rules that could not be evaluated; cases from that time on were not run.
  std::vector<Error> failures;
  std::vector<Error> warnings;  ///< PromQL's, of rules
  /// Alerts that cases ask about and no rule has: they can only ever be silent.
  std::vector<Error> unknown_alerts;
  /// Of a test that failed: input series that nothing reads.
  std::vector<Error> unread_inputs;
  std::vector<const rules::Rule*> reached;  ///< what the cases depend on

  std::size_t passed() const;
  /// Cases that were not run too; at least one when rules failed.
  std::size_t failed() const;
};

/// What a test saw, for those who want more than its verdict. Everything is borrowed.
struct GroupEvidence {
  const TestFile& file;
  const TestGroup& test;
  std::span<const rules::RuleFile> rules;
  const std::unordered_set<const rules::Rule*>& evaluated;
  promql::Timeline steps;  ///< when rules were evaluated
  const promql::QueryOptions& query;
  /// The input series and what rules recorded, up to the last step. ALERTS only when something
  /// reads it.
  const SeriesSource& samples;
  /// Episodes of every evaluated alert, with their rules; looks at those that cases ask about.
  const rules::EvaluationOutcome& outcome;
  const GroupResult& result;
};

inline constexpr std::size_t kMostLooks = 20'000;

struct RunOptions {
  bool version_2 = false;  ///< as promtool 2 evaluates
  /// Evaluate rules that no case depends on too. Without it, only those of them are evaluated whose
  /// failure would be a failure of the test.
  bool all_rules = false;
  /// Alerts whose looks `observe` wants of every step, or of kMostLooks steps of a longer test.
  std::set<std::string> look_at = {};
  /// Called by FileRun::run, on its thread.
  std::function<void(const GroupEvidence&)> observe = {};
};

/// The tests of one file, ready to be run against rules; everything given outlives it.
class FileRun {
 public:
  FileRun(const TestFile& file, std::span<const rules::RuleFile> rules, const RunOptions& options);
  ~FileRun();
  FileRun(const FileRun&) = delete;
  FileRun& operator=(const FileRun&) = delete;

  /// One test; any thread may run any of them at any time.
  GroupResult run(std::size_t group) const;
  /// Rules that the cases of a test depend on: a change to others cannot change their verdict.
  std::unordered_set<const rules::Rule*> reached(std::size_t group) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// All tests, one after another.
std::vector<GroupResult> run_tests(const TestFile& file, std::span<const rules::RuleFile> rules,
                                   const RunOptions& options);

}  // namespace tocsin::ruletest
