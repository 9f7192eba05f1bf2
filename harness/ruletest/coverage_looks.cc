#include "harness/ruletest/coverage_looks.h"

#include <algorithm>

namespace tocsin::ruletest {
namespace {

using rules::Rule;

/// Adds a range unless it is there; says whether it was not.
bool add_steps(std::vector<StepRange>& steps, StepRange added) {
  const auto first = std::partition_point(
      steps.begin(), steps.end(), [&](const StepRange& one) { return one.last + 1 < added.first; });
  auto last = first;
  for (; last != steps.end() && last->first <= added.last + 1; ++last) {
    if (last->first <= added.first && added.last <= last->last) return false;
    added.first = std::min(added.first, last->first);
    added.last = std::max(added.last, last->last);
  }
  steps.insert(steps.erase(first, last), added);
  return true;
}

/// A selector finds the latest sample, not those in the whole lookback before it.
promql::QueryOptions without_lookback(promql::QueryOptions query) {
  query.lookback = Duration(0);
  return query;
}

}  // namespace

bool Looks::overlaps(StepRange range) const {
  const auto after = std::partition_point(
      steps.begin(), steps.end(), [&](const StepRange& one) { return one.last < range.first; });
  return after != steps.end() && after->first <= range.last;
}

LookFinder::LookFinder(const std::vector<rules::PlannedRule>& rules,
                       const promql::QueryOptions& query)
    : rules_(rules), query_(without_lookback(query)), reads_(rules, query, true) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const rules::PlannedRule& one = rules[i];
    if (one.rule->kind == Rule::Kind::kAlerting) alerts_[one.rule->name].push_back(i);
    const promql::NodePtr& root = one.rule->expression.root;
    uses_.push_back(root ? uses_of(*root) : std::vector<Use>());
  }
}

std::vector<LookFinder::Use> LookFinder::uses_of(const promql::Node& root) const {
  std::vector<Use> uses;
  for (promql::SelectorUse& use : promql::selectors_of(root, query_)) {
    const std::vector<std::size_t> writers = reads_.writers_for(use);
    if (writers.empty()) continue;
    const auto selector = std::make_shared<const promql::SelectorUse>(std::move(use));
    for (const std::size_t writer : writers) uses.push_back({writer, selector});
  }
  return uses;
}

/// From what cases ask about to everything that it depends on.
class LookFinder::Spread {
 public:
  Spread(const LookFinder& finder, const promql::Timeline& timeline)
      : finder_(finder), timeline_(timeline), looks_(finder.rules_.size()) {}

  void see(std::size_t rule, StepRange steps) {
    if (add_steps(looks_[rule].steps, steps)) waiting_.push_back({rule, steps});
  }

  void read(const Use& use, Timestamp from, Timestamp to) {
    const promql::SelectorUse& selector = *use.selector;
    looks_[use.writer].as_series = true;
    looks_[use.writer].readers.insert(use.selector);
    see(use.writer, selector.absolute ? StepRange{0, timeline_.steps() - 1}
                                      : steps_between(from - selector.before, to + selector.after));
  }

  std::vector<Looks> finish() {
    while (!waiting_.empty()) {
      const Waiting next = waiting_.back();
      waiting_.pop_back();
      const Rule& rule = *finder_.rules_[next.rule].rule;
      // Whether an alert fires depends on the evaluations before, too.
      const Duration memory = rule.hold + rule.keep_firing_for;
      const Timestamp from = timeline_.at(next.steps.first) - memory;
      for (const Use& use : finder_.uses_[next.rule]) {
        read(use, from, timeline_.at(next.steps.last));
      }
    }
    return std::move(looks_);
  }

 private:
  struct Waiting {
    std::size_t rule = 0;
    StepRange steps;
  };

  std::size_t step_up_to(Timestamp at) const {
    return at <= timeline_.start
               ? 0
               : std::min(static_cast<std::size_t>((at - timeline_.start) / timeline_.step),
                          timeline_.steps() - 1);
  }

  /// At least the last one up to `to`.
  StepRange steps_between(Timestamp from, Timestamp to) const {
    const std::size_t last = step_up_to(to);
    std::size_t first = step_up_to(from);
    if (timeline_.at(first) < from && first < last) ++first;
    return {std::min(first, last), last};
  }

  const LookFinder& finder_;
  const promql::Timeline& timeline_;
  std::vector<Looks> looks_;
  std::vector<Waiting> waiting_;
};

std::vector<Looks> LookFinder::looks(const GroupEvidence& evidence) const {
  Spread spread(*this, evidence.steps);
  const TestGroup& test = evidence.test;
  const auto passed = [&](std::size_t i) {
    return evidence.result.cases.at(i).outcome == CaseResult::Outcome::kPassed;
  };
  for (std::size_t i = 0; i < test.alerts.size(); ++i) {
    if (!passed(i)) continue;
    const AlertCase& one = test.alerts[i];
    const auto step = static_cast<std::size_t>(one.eval_time / evidence.steps.step);
    const auto asked = alerts_.find(one.alert);
    if (asked == alerts_.end()) continue;
    for (const std::size_t rule : asked->second) spread.see(rule, {step, step});
  }
  for (std::size_t i = 0; i < test.expressions.size(); ++i) {
    if (!passed(test.alerts.size() + i)) continue;
    const ExpressionCase& one = test.expressions[i];
    const Timestamp at = test.start + one.eval_time;
    for (const Use& use : uses_of(*one.expression.root)) spread.read(use, at, at);
  }
  return spread.finish();
}

}  // namespace tocsin::ruletest
