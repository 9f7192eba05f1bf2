#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/promql/evaluator.h"
#include "harness/rules/plan.h"
#include "harness/rules/rule.h"

/// What rules write, and who may read it.

namespace tocsin::rules {

/// What a rule writes, as far as it is known beforehand.
struct Written {
  bool alert = false;
  std::string name;                           ///< of the metric or the alert
  std::map<std::string, std::string> labels;  ///< those with fixed values; no template
};
Written written_by(const RuleGroup& group, const Rule& rule);

bool may_read(const promql::SelectorUse& use, const Written& written);

/// Whether a label of the alert is made by a query, which may read anything.
bool labels_query(const RuleGroup& group, const Rule& rule);
/// The same for annotations.
bool annotations_query(const Rule& rule);

/// A rule's use of what another one writes.
struct Read {
  std::size_t reader = 0;
  std::size_t writer = 0;
  bool past_only = true;  ///< looks at nothing after the time of evaluation
};

/// What a list of rules reads of each other; all are named by their place in it.
class Reads {
 public:
  Reads(const std::vector<PlannedRule>& rules, const promql::QueryOptions& options,
        bool alerts_are_series);

  const std::vector<Read>& all() const { return reads_; }
  const std::vector<Written>& written() const { return written_; }
  /// Rules that may write what a selector asks for.
  std::vector<std::size_t> writers_for(const promql::SelectorUse& use) const;

 private:
  void add(std::size_t reader, const promql::SelectorUse& use);
  const std::vector<std::size_t>& candidates(const promql::SelectorUse& use) const;

  std::vector<Written> written_;
  std::vector<std::size_t> writers_;
  std::vector<std::size_t> alerts_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_name_;
  std::vector<Read> reads_;
};

}  // namespace tocsin::rules
