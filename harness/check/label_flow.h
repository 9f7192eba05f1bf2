#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "harness/check/subject.h"
#include "harness/promql/ast.h"

namespace tocsin::check {

/// The labels that the series of a result may have.
struct LabelSet {
  bool open = true;  ///< others than `names` are possible
  std::set<std::string> names;
  std::set<std::string> gone;  ///< of an open set: those that are surely not there

  bool may_have(std::string_view name) const;
  void remove(const std::string& name);
  void add(const std::string& name);
  /// Only those.
  void keep(const std::set<std::string>& wanted);
};

/// What labels an expression's parts have: from what targets export where that is known, from
/// matchers and groupings else.
class LabelFlow {
 public:
  explicit LabelFlow(const Subject& subject) : subject_(subject) {}

  /// Never the metric's name.
  const LabelSet& of(const promql::Node& node);

 private:
  LabelSet compute(const promql::Node& node);
  LabelSet of_selector(const promql::VectorSelector& selector);
  LabelSet of_recorded(const std::vector<const RuleUse*>& rules);
  LabelSet of_aggregate(const promql::Aggregate& aggregate);
  LabelSet of_binary(const promql::Binary& binary);
  LabelSet of_call(const promql::Call& call);

  const Subject& subject_;
  std::unordered_map<const promql::Node*, LabelSet> known_;
  std::set<const rules::Rule*> within_;  ///< recording rules that are being looked into
};

/// Labels from both, as `or` gives them.
LabelSet either(const LabelSet& a, const LabelSet& b);

}  // namespace tocsin::check
