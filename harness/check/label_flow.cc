#include "harness/check/label_flow.h"

#include <algorithm>

#include "harness/check/visit.h"

namespace tocsin::check {

using promql::AggregateOp;
using promql::BinaryOp;
using promql::Cardinality;
using promql::NodeKind;

bool LabelSet::may_have(std::string_view name) const {
  const std::string key(name);
  return open ? !gone.contains(key) : names.contains(key);
}

void LabelSet::remove(const std::string& name) {
  names.erase(name);
  if (open) gone.insert(name);
}

void LabelSet::add(const std::string& name) {
  names.insert(name);
  gone.erase(name);
}

void LabelSet::keep(const std::set<std::string>& wanted) {
  std::set<std::string> kept;
  for (const std::string& name : wanted) {
    if (may_have(name)) kept.insert(name);
  }
  *this = {false, std::move(kept), {}};
}

LabelSet either(const LabelSet& a, const LabelSet& b) {
  LabelSet both;
  both.open = a.open || b.open;
  both.names = a.names;
  both.names.insert(b.names.begin(), b.names.end());
  for (const LabelSet* side : {&a, &b}) {
    for (const std::string& name : side->gone) {
      if (both.open && !a.may_have(name) && !b.may_have(name)) both.gone.insert(name);
    }
  }
  return both;
}

namespace {

/// The labels that `absent` takes over: those that must have one value.
LabelSet pinned_labels(const promql::Node& node) {
  LabelSet set{false, {}, {}};
  const auto* matrix = as<promql::MatrixSelector>(node, NodeKind::kMatrixSelector);
  const auto* selector = matrix != nullptr ? matrix->vector.get() : as_selector(node);
  if (selector == nullptr) return set;
  for (const Matcher& matcher : selector->matchers) {
    if (matcher.op() == MatchOp::kEqual && matcher.name() != kMetricName) set.add(matcher.name());
  }
  return set;
}

const std::string* string_argument(const promql::Call& call, std::size_t index) {
  if (index >= call.arguments.size()) return nullptr;
  const auto* text = as<promql::StringLiteral>(bare(*call.arguments[index]), NodeKind::kString);
  return text == nullptr ? nullptr : &text->value;
}

}  // namespace

const LabelSet& LabelFlow::of(const promql::Node& node) {
  const auto known = known_.find(&node);
  if (known != known_.end()) return known->second;
  LabelSet set = compute(node);
  return known_.emplace(&node, std::move(set)).first->second;
}

LabelSet LabelFlow::compute(const promql::Node& node) {
  switch (node.kind) {
    case NodeKind::kVectorSelector:
      return of_selector(static_cast<const promql::VectorSelector&>(node));
    case NodeKind::kMatrixSelector:
      return of(*static_cast<const promql::MatrixSelector&>(node).vector);
    case NodeKind::kSubquery:
      return of(*static_cast<const promql::Subquery&>(node).inner);
    case NodeKind::kParen:
      return of(*static_cast<const promql::Paren&>(node).inner);
    case NodeKind::kUnary:
      return of(*static_cast<const promql::Unary&>(node).operand);
    case NodeKind::kAggregate:
      return of_aggregate(static_cast<const promql::Aggregate&>(node));
    case NodeKind::kBinary:
      return of_binary(static_cast<const promql::Binary&>(node));
    case NodeKind::kCall:
      return of_call(static_cast<const promql::Call&>(node));
    default:
      return {false, {}, {}};
  }
}

LabelSet LabelFlow::of_recorded(const std::vector<const RuleUse*>& rules) {
  std::optional<LabelSet> all;
  for (const RuleUse* use : rules) {
    if (!within_.insert(use->rule).second) return {};
    LabelSet set = of(*use->rule->expression.root);
    within_.erase(use->rule);
    for (const auto& [name, value] : use->group->labels) set.add(name);
    for (const auto& [name, value] : use->rule->labels) set.add(name);
    all = all ? either(*all, set) : set;
  }
  return all.value_or(LabelSet{});
}

LabelSet LabelFlow::of_selector(const promql::VectorSelector& selector) {
  const std::string name = metric_name(selector);
  const auto& recorders = subject_.recorders(name);
  if (!recorders.empty()) return of_recorded(recorders);
  LabelSet set;
  if (subject_.exported) {
    const auto metrics = subject_.exported->named(selector.matchers);
    for (const ExportedMetric* metric : metrics) {
      const std::set<std::string> names = metric->labels();
      set.names.insert(names.begin(), names.end());
    }
    if (!metrics.empty()) {
      set.open = false;
      if (!subject_.exported->values_complete()) {
        const auto& added = subject_.exported->target_labels();
        set.names.insert(added.begin(), added.end());
      }
    }
  }
  for (const Matcher& matcher : selector.matchers) {
    if (matcher.name() == kMetricName || matcher.op() != MatchOp::kEqual) continue;
    if (matcher.value().empty()) {
      set.remove(matcher.name());
    } else if (set.open) {
      set.add(matcher.name());
    }
  }
  return set;
}

LabelSet LabelFlow::of_aggregate(const promql::Aggregate& aggregate) {
  LabelSet set = of(*aggregate.argument);
  switch (aggregate.op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio:
      return set;
    default:
      break;
  }
  if (aggregate.without) {
    for (const std::string& name : aggregate.grouping) set.remove(name);
  } else {
    set.keep({aggregate.grouping.begin(), aggregate.grouping.end()});
  }
  if (aggregate.op == AggregateOp::kCountValues && aggregate.parameter) {
    const auto* text = as<promql::StringLiteral>(bare(*aggregate.parameter), NodeKind::kString);
    if (text != nullptr) set.add(text->value);
  }
  return set;
}

LabelSet LabelFlow::of_binary(const promql::Binary& binary) {
  if (!binary.matching) {
    const bool left_scalar = binary.left->type == promql::ValueType::kScalar;
    return of(left_scalar ? *binary.right : *binary.left);
  }
  const promql::VectorMatching& matching = *binary.matching;
  if (binary.op == BinaryOp::kOr) return either(of(*binary.left), of(*binary.right));
  if (promql::is_set_operator(binary.op)) return of(*binary.left);
  const bool many_right = matching.cardinality == Cardinality::kOneToMany;
  LabelSet set = of(many_right ? *binary.right : *binary.left);
  if (matching.cardinality == Cardinality::kOneToOne) {
    if (matching.on) {
      set.keep({matching.labels.begin(), matching.labels.end()});
    } else {
      for (const std::string& name : matching.labels) set.remove(name);
      const LabelSet& other = of(*binary.right);
      if (!other.open && set.open) set.keep(other.names);
    }
    return set;
  }
  const LabelSet& one = of(many_right ? *binary.left : *binary.right);
  for (const std::string& name : matching.include) {
    if (one.may_have(name)) {
      set.add(name);
    } else {
      set.remove(name);
    }
  }
  return set;
}

LabelSet LabelFlow::of_call(const promql::Call& call) {
  const std::string_view name = call.function->name;
  if (name == "absent" || name == "absent_over_time") {
    return pinned_labels(bare(*call.arguments.front()));
  }
  if (name == "info") return {};
  if (name == "vector" || name == "time" || name == "scalar" || call.arguments.empty()) {
    return {false, {}, {}};
  }
  const bool about_buckets = name == "histogram_quantile" || name == "histogram_fraction";
  LabelSet set = of(*call.arguments[name == "histogram_quantile"   ? 1
                                    : name == "histogram_fraction" ? 2
                                    : name == "quantile_over_time" ? 1
                                                                   : 0]);
  if (about_buckets) set.remove("le");
  if (name == "label_replace" || name == "label_join") {
    const std::string* target = string_argument(call, 1);
    if (target != nullptr) set.add(*target);
  }
  if (name == "histogram_quantiles") {
    set.remove("le");
    const std::string* target = string_argument(call, 1);
    if (target != nullptr) set.add(*target);
  }
  return set;
}

}  // namespace tocsin::check
