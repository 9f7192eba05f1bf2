#include "harness/ruletest/unread.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/rules/reads.h"

namespace tocsin::ruletest {
namespace {

constexpr std::size_t kMostRemarks = 3;

bool may_query(const rules::Rule& rule) {
  return rules::annotations_query(rule) ||
         std::any_of(rule.labels.begin(), rule.labels.end(), [](const auto& label) {
           return label.second.text.find("query") != std::string::npos;
         });
}

class Readers {
 public:
  void add(const promql::Node& root, const promql::QueryOptions& query) {
    for (promql::SelectorUse& use : promql::selectors_of(root, query)) {
      for (const Matcher& matcher : use.matchers) {
        const bool names = matcher.name() == kMetricName && matcher.op() == MatchOp::kEqual;
        if (names) names_.insert(matcher.value());
      }
      uses_.push_back(std::move(use));
    }
  }

  bool empty() const { return uses_.empty(); }

  bool reads(const Labels& labels) const {
    return std::any_of(uses_.begin(), uses_.end(), [&](const promql::SelectorUse& use) {
      return std::all_of(use.matchers.begin(), use.matchers.end(),
                         [&](const Matcher& matcher) { return matcher.matches(labels); });
    });
  }

  /// What may have been meant.
  std::string hint(const Labels& labels) const {
    const std::string name(labels.metric_name());
    if (names_.count(name) > 0) return "other labels of " + name + " are asked for";
    const std::vector<std::string> known(names_.begin(), names_.end());
    const std::string nearest = nearest_name(name, known);
    return nearest.empty() ? std::string() : "did you mean \"" + nearest + "\"?";
  }

 private:
  std::vector<promql::SelectorUse> uses_;
  std::set<std::string> names_;  ///< of metrics
};

}  // namespace

std::vector<Error> unread_inputs(const TestGroup& test,
                                 const std::unordered_set<const rules::Rule*>& reached,
                                 const promql::QueryOptions& query) {
  Readers readers;
  for (const rules::Rule* rule : reached) {
    if (may_query(*rule)) return {};
    readers.add(*rule->expression.root, query);
  }
  for (const ExpressionCase& one : test.expressions) readers.add(*one.expression.root, query);
  if (readers.empty()) return {};  // said otherwise: there is no such alert
  std::vector<Error> remarks;
  std::set<std::string> seen;
  for (const SeriesView& series : test.inputs->all()) {
    if (readers.reads(series.labels)) continue;
    if (!seen.emplace(series.labels.metric_name()).second) continue;
    Error remark = input_error(
        test.pos, fmt::format("nothing that the cases of \"{}\" ask for reads the input series {}",
                              test.name, series.labels.to_string()));
    if (const std::string hint = readers.hint(series.labels); !hint.empty()) {
      remark.hints.push_back(hint);
    }
    remarks.push_back(std::move(remark));
    if (remarks.size() == kMostRemarks) break;
  }
  return remarks;
}

}  // namespace tocsin::ruletest
