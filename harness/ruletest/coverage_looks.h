#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/rules/reads.h"
#include "harness/ruletest/run.h"

namespace tocsin::ruletest {

/// Both ends included.
struct StepRange {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// When cases that passed see a rule.
struct Looks {
  std::vector<StepRange> steps;  ///< of GroupEvidence::steps; ascending, apart from each other
  /// ALERTS is read, so that pending alerts are seen like firing ones.
  bool as_series = false;
  /// Who reads what a recording rule records, each once.
  std::set<std::shared_ptr<const promql::SelectorUse>> readers;

  bool overlaps(StepRange range) const;
};

/// What rules read of each other, made once for many tests.
class LookFinder {
 public:
  /// Keeps a reference to the rules.
  LookFinder(const std::vector<rules::PlannedRule>& rules, const promql::QueryOptions& query);

  /// As many as rules.
  std::vector<Looks> looks(const GroupEvidence& evidence) const;

 private:
  class Spread;

  /// A rule that a selector reads.
  struct Use {
    std::size_t writer = 0;
    std::shared_ptr<const promql::SelectorUse> selector;
  };
  std::vector<Use> uses_of(const promql::Node& root) const;

  const std::vector<rules::PlannedRule>& rules_;
  promql::QueryOptions query_;
  rules::Reads reads_;
  std::vector<std::vector<Use>> uses_;  ///< of each rule
  std::unordered_map<std::string, std::vector<std::size_t>> alerts_;
};

}  // namespace tocsin::ruletest
