#include "harness/ruletest/reach.h"

#include <algorithm>

#include "harness/promql/functions.h"

namespace tocsin::ruletest {
namespace {

using promql::NodeKind;
using rules::Rule;

std::vector<rules::PlannedRule> all_rules_of(std::span<const rules::RuleFile> files) {
  std::vector<rules::PlannedRule> all;
  std::size_t group_index = 0;
  for (const rules::RuleFile& file : files) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const Rule& rule : group.rules) all.push_back({&group, &rule, group_index});
      ++group_index;
    }
  }
  return all;
}

bool asks_for_one_name(const promql::SelectorUse& use) {
  return std::any_of(use.matchers.begin(), use.matchers.end(), [](const Matcher& matcher) {
    return matcher.name() == kMetricName && matcher.op() == MatchOp::kEqual;
  });
}

bool asks_for_alerts(const promql::SelectorUse& use) {
  return std::all_of(use.matchers.begin(), use.matchers.end(), [](const Matcher& matcher) {
    return matcher.name() != kMetricName || matcher.matches("ALERTS") ||
           matcher.matches("ALERTS_FOR_STATE");
  });
}

/// Functions that change labels freely.
bool relabels(const promql::Call& call) {
  const std::string_view name = call.function->name;
  return name == "label_replace" || name == "label_join" || name == "info";
}

/// Whether evaluating the expression can end with an error, given data: matching that finds several
/// partners, series that become alike, bad parameters. Says yes when in doubt.
bool node_may_fail(const promql::Node& node) {
  if (node.kind == NodeKind::kBinary) {
    const auto& binary = static_cast<const promql::Binary&>(node);
    const bool plain_or = binary.op == promql::BinaryOp::kOr && !binary.matching->on &&
                          binary.matching->labels.empty();
    const bool harmless_set =
        binary.op == promql::BinaryOp::kAnd || binary.op == promql::BinaryOp::kUnless || plain_or;
    if (binary.matching && !harmless_set) return true;
  }
  if (node.kind == NodeKind::kCall && relabels(static_cast<const promql::Call&>(node))) return true;
  if (node.kind == NodeKind::kAggregate) {
    const auto& aggregate = static_cast<const promql::Aggregate&>(node);
    const bool odd_parameter =
        aggregate.parameter != nullptr && aggregate.parameter->kind != NodeKind::kNumber;
    if (odd_parameter) return true;
  }
  // Names that an operation drops keep the series of an `or` apart.
  const bool drops_names = node.kind != NodeKind::kBinary && node.kind != NodeKind::kParen;
  const std::vector<const promql::Node*> inner = promql::children(node);
  return std::any_of(inner.begin(), inner.end(), [&](const promql::Node* child) {
    if (child == nullptr) return false;
    const promql::Node* bare = child;
    while (bare->kind == NodeKind::kParen)
      bare = static_cast<const promql::Paren*>(bare)->inner.get();
    const bool dropped_or = drops_names && node.kind != NodeKind::kAggregate &&
                            bare->kind == NodeKind::kBinary &&
                            static_cast<const promql::Binary*>(bare)->op == promql::BinaryOp::kOr;
    return dropped_or || node_may_fail(*child);
  });
}

/// Label names that an expression may give to series: the text arguments of label functions and
/// count_values.
void collect_made_labels(const promql::Node& node, std::set<std::string, std::less<>>& names) {
  if (node.kind == NodeKind::kString)
    names.insert(static_cast<const promql::StringLiteral&>(node).value);
  for (const promql::Node* child : promql::children(node)) {
    if (child != nullptr) collect_made_labels(*child, names);
  }
}

}  // namespace

Reach::Reach(std::span<const rules::RuleFile> files, const promql::QueryOptions& query)
    : query_(query), rules_(all_rules_of(files)), reads_(rules_, query, true) {
  facts_.resize(rules_.size());
  for (const rules::Read& read : reads_.all()) facts_[read.reader].reads.push_back(read.writer);
  for (std::size_t i = 0; i < rules_.size(); ++i) note_facts(i, query);
}

void Reach::note_facts(std::size_t i, const promql::QueryOptions& query) {
  const Rule& rule = *rules_[i].rule;
  const rules::RuleGroup& group = *rules_[i].group;
  Facts& facts = facts_[i];
  if (rule.kind == Rule::Kind::kAlerting) alerts_[rule.name].push_back(i);
  for (const auto& [name, value] : group.labels) facts.set_labels.push_back(name);
  for (const auto& [name, value] : rule.labels) facts.set_labels.push_back(name);
  if (rule.kind == Rule::Kind::kRecording) {
    ++recorders_[rule.name];
    made_labels_.insert(facts.set_labels.begin(), facts.set_labels.end());
  }
  facts.queries = rules::labels_query(group, rule) || rules::annotations_query(rule);
  if (!rule.expression.root) return;
  const promql::Node& root = *rule.expression.root;
  collect_made_labels(root, made_labels_);
  facts.selectors = promql::selectors_of(root, query);
  facts.reads_alerts =
      facts.queries || std::any_of(facts.selectors.begin(), facts.selectors.end(), asks_for_alerts);
  facts.future = std::any_of(facts.selectors.begin(), facts.selectors.end(), [](const auto& use) {
    return use.absolute || use.after > Duration(0);
  });
  facts.always_fails =
      root.type != promql::ValueType::kVector && root.type != promql::ValueType::kScalar;
  facts.may_fail = node_may_fail(root) || group.limit > 0 ||
                   !std::all_of(facts.selectors.begin(), facts.selectors.end(), asks_for_one_name);
}

void Reach::mark(std::vector<std::size_t> waiting, std::vector<bool>& marked) const {
  while (!waiting.empty()) {
    const std::size_t rule = waiting.back();
    waiting.pop_back();
    if (marked[rule]) continue;
    marked[rule] = true;
    const Facts& facts = facts_[rule];
    waiting.insert(waiting.end(), facts.reads.begin(), facts.reads.end());
    if (!facts.queries) continue;
    for (std::size_t i = 0; i < rules_.size(); ++i) waiting.push_back(i);
  }
}

std::vector<std::size_t> Reach::roots(const TestGroup& test) const {
  std::vector<std::size_t> found;
  for (const AlertCase& one : test.alerts) {
    const auto it = alerts_.find(one.alert);
    if (it != alerts_.end()) found.insert(found.end(), it->second.begin(), it->second.end());
  }
  for (const ExpressionCase& one : test.expressions) {
    for (const promql::SelectorUse& use : promql::selectors_of(*one.expression.root, query_)) {
      const std::vector<std::size_t> writers = reads_.writers_for(use);
      found.insert(found.end(), writers.begin(), writers.end());
    }
  }
  return found;
}

bool Reach::has_data(const Facts& facts, const Inputs& inputs) const {
  return std::any_of(facts.selectors.begin(), facts.selectors.end(), [&](const auto& use) {
    return inputs.any(use.matchers) || !reads_.writers_for(use).empty();
  });
}

bool Reach::might_fail(std::size_t rule, const Inputs& inputs) const {
  const Facts& facts = facts_[rule];
  if (facts.always_fails) return true;
  if (!has_data(facts, inputs)) return false;
  if (facts.may_fail || facts.reads_alerts) return true;
  // What a rule sets makes series alike that differ in it.
  const bool relabelled =
      std::any_of(facts.set_labels.begin(), facts.set_labels.end(), [&](const std::string& name) {
        return inputs.has_label(name) || made_labels_.count(name) > 0;
      });
  if (relabelled) return true;
  // A series that is recorded twice, or is there already, is a failure too.
  const Rule& written = *rules_[rule].rule;
  return written.kind == Rule::Kind::kRecording &&
         (recorders_.at(written.name) > 1 ||
          inputs.any(std::vector<Matcher>{Matcher::equal(std::string(kMetricName), written.name)}));
}

Reach::Need Reach::of(const TestGroup& test, bool all_rules) const {
  std::vector<bool> marked(rules_.size());
  mark(roots(test), marked);
  Need need;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (marked[i]) need.reached.insert(rules_[i].rule);
  }
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (!marked[i] && (all_rules || might_fail(i, *test.inputs))) others.push_back(i);
  }
  mark(std::move(others), marked);
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (!marked[i]) continue;
    need.evaluated.insert(rules_[i].rule);
    need.alert_series = need.alert_series || facts_[i].reads_alerts;
    need.future = need.future || facts_[i].future;
  }
  for (const ExpressionCase& one : test.expressions) {
    for (const promql::SelectorUse& use : promql::selectors_of(*one.expression.root, query_)) {
      need.alert_series = need.alert_series || asks_for_alerts(use);
    }
  }
  return need;
}

std::vector<std::string> Reach::alert_names() const {
  std::vector<std::string> names;
  for (const auto& [name, rules] : alerts_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tocsin::ruletest
