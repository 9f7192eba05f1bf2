#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/rules/rule.h"
#include "harness/ruletest/run.h"

/// What tests prove of rules, and what nobody looked at. Each rule has points; a point is covered
/// when a case that passed sees it:
///
///     alert      fires                some alert of the rule is firing
///                silent               none is
///                `for`                one is pending: without `for` it would be firing
///                `keep_firing_for`    without it, one would not be firing any more
///                label L              an alert that is expected to fire names the label
///     recording  recorded             the rule has a value
///     both       each side of `or`,   without it, the case would see another result
///                `and`, `unless`
///
/// A case sees an alert's rule at its eval_time. What else it depends on (the rules that an
/// expression or an alert reads, directly or through others) it sees at every evaluation that its
/// selectors reach. `for` and `keep_firing_for` are points where a rule has them; a label, where
/// the rule or its group sets it. `a or b or c` has three sides; of more than 200, the first are
/// points. Without its side, `or` is the other side, so are `and` and the left side of `unless`;
/// without its left side, `unless` is empty. For an alert, the result is which alerts fire, and
/// their values where its texts show them; else it is every sample.
///
/// Coverage is the covered points of all points, over a rule, a group, a file, or everything.

namespace tocsin::ruletest {

enum class PointKind { kFires, kSilent, kHold, kKeepFiring, kRecorded, kSide, kLabel };
std::string_view to_string(PointKind kind);

struct CoveragePoint {
  PointKind kind = PointKind::kFires;
  std::string what;  ///< of a side "right side of `or`", of a label its name; else empty
  std::string text;  ///< of a side: its expression, shortened
  SourcePos pos;
  bool covered = false;
};
/// What nobody looked at: "never seen silent".
std::string missing(const CoveragePoint& point);

struct CoverageCount {
  std::size_t covered = 0;
  std::size_t points = 0;

  CoverageCount& operator+=(const CoverageCount& other);
  /// Of points; 100 where there are none.
  double percent() const;
};
/// "83.3%", rounded down: only all is 100%.
std::string percent_text(const CoverageCount& count);

struct RuleCoverage {
  rules::Rule::Kind kind = rules::Rule::Kind::kAlerting;
  std::string name;
  SourcePos pos;
  std::vector<CoveragePoint> points;

  CoverageCount count() const;
};

struct RuleGroupCoverage {
  std::string name;
  SourcePos pos;
  std::vector<RuleCoverage> rules;

  CoverageCount count() const;
};

struct RuleFileCoverage {
  std::string path;
  std::vector<RuleGroupCoverage> groups;

  CoverageCount count() const;
};

/// All rules that were there, also those that no test reaches.
struct Coverage {
  std::vector<RuleFileCoverage> files;  ///< each path once

  CoverageCount count() const;
  /// What either saw; files that both have must be the same.
  void merge(Coverage other);
};

/// Gathers what the tests of one test file see.
class CoverageCollector {
 public:
  /// The rules outlive it.
  CoverageCollector(std::span<const rules::RuleFile> files, const RunOptions& options);
  ~CoverageCollector();
  CoverageCollector(const CoverageCollector&) = delete;
  CoverageCollector& operator=(const CoverageCollector&) = delete;

  /// RunOptions::observe; any thread at any time.
  void observe(const GroupEvidence& evidence);
  Coverage coverage() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::ruletest
