#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/ruletest/mutants.h"
#include "harness/ruletest/rule_loader.h"
#include "harness/ruletest/test_file.h"

/// Tests against mutants: for each rule that a test reaches, each of its mutants takes its place,
/// and the cases that depend on it are run again, until one fails.

namespace tocsin::ruletest {

/// What became of a mutant.
enum class Verdict {
  // From the most telling to the least.
  kKilled,     ///< a case failed
  kSurvived,   ///< alerts or recorded samples were different at some step, and no case noticed
  kSame,       ///< they were the same at every step of every test: no test data tells them apart
  kUnreached,  ///< no case depends on the rule
  kNotRun,     ///< stopped before
};
std::string_view to_string(Verdict verdict);

struct MutantResult {
  std::string what;  ///< as in Mutant
  std::string before;
  std::string after;
  SourcePos pos;
  std::string expression;  ///< the whole of it, where it is changed; else empty
  Verdict verdict = Verdict::kNotRun;
  std::string by;  ///< killed: the case, with its place
};

struct RuleResult {
  std::string file;
  std::string group;
  std::string name;  ///< "alert X", "record y"
  SourcePos pos;
  std::vector<std::string> tests;  ///< that reach it, with their places
  std::vector<MutantResult> mutants;
  std::size_t left_out = 0;  ///< as in Mutants
};

/// What is known before anything is run.
RuleResult result_for(const rules::RuleFile& file, const rules::RuleGroup& group,
                      const rules::Rule& rule);
MutantResult result_for(const Mutant& mutant, const rules::Rule& rule);

struct MutationCounts {
  std::size_t killed = 0;
  std::size_t survived = 0;
  std::size_t same = 0;
  std::size_t unreached = 0;
  std::size_t not_run = 0;

  void add(Verdict verdict);
  std::size_t judged() const { return killed + survived; }
  std::size_t all() const { return judged() + same + unreached + not_run; }
  /// Killed ones among those that made a difference, in percent; 100 when there is none.
  double score() const;
};
MutationCounts count(const std::vector<RuleResult>& rules);

/// A test file with its rules.
struct MutationInput {
  TestFile tests;
  RuleSet rules;
};

struct MutationOptions {
  bool version_2 = false;
  bool list_only = false;  ///< every mutant is kNotRun, or kUnreached
  unsigned jobs = 1;
  std::function<bool()> stopped = [] { return false; };
  /// After each rule, on any thread, one at a time.
  std::function<void(std::size_t done, std::size_t all)> progress = {};
};

/// Cases that fail with the rules as they are, as "place: test: case: reason"; mutants say nothing
/// then.
std::vector<std::string> failures_of(const std::vector<MutationInput>& inputs,
                                     const MutationOptions& options);

/// Each rule once, however many test files name its file; by file in the order of the inputs, then
/// as in the file. The result does not depend on the number of jobs.
std::vector<RuleResult> run_mutants(const std::vector<MutationInput>& inputs,
                                    const MutationOptions& options);

/// Adds results of other tests; of a rule that is in both, a mutant fares as the most telling test
/// says: killed, survived, same, unreached.
void merge(std::vector<RuleResult> more, std::vector<RuleResult>& results);

}  // namespace tocsin::ruletest
