#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/check/check_groups.h"
#include "harness/check/checks/conditions.h"
#include "harness/check/facts.h"
#include "harness/check/subject.h"

/// Alerts that cannot fire, and alerts that cannot stop.

namespace tocsin::check {
namespace {

using promql::BinaryOp;
using promql::NodeKind;
using promql::ValueType;

enum ExtremeCheck { kNever, kAlways, kNoComparison, kBoolComparison, kResultType, kAbsentExported };

constexpr Check kExtremes[] = {
    {"rule/never-fires", Severity::kError, "A comparison that is never true",
     "The values cannot get there: count() of nothing is no result rather than 0, a counter is "
     "never negative, a quantile is never above the highest bucket.",
     "Compare with a value that can occur; use absent() to ask for nothing."},
    {"rule/always-fires", Severity::kError, "A condition that is always true",
     "The alert fires as long as there is data.",
     "Compare with a value that separates good from bad."},
    {"rule/no-comparison", Severity::kWarning, "An alert without a condition",
     "An alert fires for every series of its expression's result, whatever the value.",
     "Add a comparison."},
    {"rule/bool-comparison", Severity::kError, "An alert on a comparison with bool",
     "With `bool` the result is 0 or 1 and never empty, so the alert always fires.",
     "Leave `bool` out."},
    {"rule/result-type", Severity::kError, "The expression gives neither a vector nor a number",
     "Prometheus cannot make alerts or samples of it.", "Put a function like rate() around it."},
    {"rule/absent-exported", Severity::kInfo, "absent() on a metric that a target always exports",
     "It is only absent when the target is gone, which `up == 0` says sooner and by name.",
     "Use up{job=\"…\"} == 0, if that is what is meant."},
};

/// {state=~"Warning|Critical"}, {health!="OK"}, {operstate="down"}: there may be no such series
/// most of the time.
bool asks_for_states(const promql::VectorSelector& selector) {
  return std::any_of(selector.matchers.begin(), selector.matchers.end(), [](const Matcher& m) {
    for (const char* of_target : {"__name__", "job", "instance", "namespace", "cluster", "pod",
                                  "container", "service", "app", "environment", "env", "site"}) {
      if (m.name() == of_target) return false;
    }
    return true;
  });
}

/// Alerts that are meant to fire for ever: dead man's switches.
bool is_watchdog(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* word : {"watchdog", "dead", "heartbeat", "always", "e2e", "test"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

enum class Truth { kNever, kSometimes, kAlways };

Truth truth_of(BinaryOp op, const Facts& value, double limit) {
  const auto decide = [](bool never, bool always) {
    return never ? Truth::kNever : always ? Truth::kAlways : Truth::kSometimes;
  };
  switch (op) {
    case BinaryOp::kGreater:
      return decide(value.highest <= limit, value.lowest > limit);
    case BinaryOp::kGreaterEqual:
      return decide(value.highest < limit, value.lowest >= limit);
    case BinaryOp::kLess:
      return decide(value.lowest >= limit, value.highest < limit);
    case BinaryOp::kLessEqual:
      return decide(value.lowest > limit, value.highest <= limit);
    case BinaryOp::kEqual:
      return decide(value.lowest > limit || value.highest < limit, false);
    case BinaryOp::kNotEqual:
      return decide(false, value.lowest > limit || value.highest < limit);
    default:
      return Truth::kSometimes;
  }
}

bool compare(BinaryOp op, double a, double b) {
  Facts value;
  value.lowest = value.highest = a;
  if (op == BinaryOp::kEqual) return a == b;
  return truth_of(op, value, b) == Truth::kAlways;
}

std::string range_text(const Facts& value) {
  if (value.lowest == value.highest) return "is " + format_number(value.lowest);
  if (std::isinf(value.highest)) return "is at least " + format_number(value.lowest);
  if (std::isinf(value.lowest)) return "is at most " + format_number(value.highest);
  return fmt::format("is between {} and {}", format_number(value.lowest),
                     format_number(value.highest));
}

class ExtremeLook {
 public:
  ExtremeLook(const Subject& subject, const RuleUse& use, FactFinder& facts, Findings& findings)
      : subject_(subject), use_(use), facts_(facts), findings_(findings) {}

  void look() {
    const promql::Node& root = *use_.rule->expression.root;
    if (root.type != ValueType::kVector && root.type != ValueType::kScalar) {
      return add(kResultType, root, fmt::format("the result is a {}", promql::describe(root.type)));
    }
    for (const Condition& condition : conditions_in(root)) look_for_never(condition);
    for_all(root, [&](const promql::Node& node) {
      if (const auto* binary = as_binary(node); binary && binary->op == BinaryOp::kAnd) {
        look_for_disjoint(*binary);
      }
      if (const auto* call = as_call(node)) look_at_absent(*call);
    });
    if (!use_.alerts()) return;
    const auto decided = deciding(root);
    for (const promql::Binary* comparison : decided) {
      look_at_deciding(*comparison, decided.size() > 1);
    }
    look_for_conditions(root);
  }

 private:
  void add(ExtremeCheck check, const promql::Node& at, std::string message,
           std::string way_out = {}) {
    findings_.add(kExtremes[check], about(use_, at.range, std::move(message), std::move(way_out)));
  }

  void look_for_never(const Condition& condition) {
    const Facts value = facts_.of(*condition.value);
    if (truth_of(condition.op, value, condition.limit) != Truth::kNever) return;
    if (condition.comparison->return_bool) return;
    std::string way_out;
    const auto* aggregate = as_aggregate(bare(*condition.value));
    if (aggregate != nullptr && aggregate->op == promql::AggregateOp::kCount) {
      way_out = "count() of nothing has no result: use absent(), or add `or vector(0)`";
    }
    const auto* call = as_call(bare(*condition.value));
    if (call != nullptr && call->function->name == "histogram_quantile") {
      way_out = fmt::format("add buckets above {}", format_number(condition.limit));
    }
    add(kNever, *condition.comparison, "this is never true: the value " + range_text(value),
        way_out);
  }

  /// `x > 5 and x < 3`.
  void look_for_disjoint(const promql::Binary& conjunction) {
    const auto* left = as_binary(bare(*conjunction.left));
    const auto* right = as_binary(bare(*conjunction.right));
    if (left == nullptr || right == nullptr) return;
    const auto a = condition_of(*left);
    const auto b = condition_of(*right);
    if (!a || !b || promql::print(bare(*a->value)) != promql::print(bare(*b->value))) return;
    const bool apart =
        (asks_above(a->op) && asks_below(b->op) && a->limit > b->limit) ||
        (asks_below(a->op) && asks_above(b->op) && a->limit < b->limit) ||
        (a->op == BinaryOp::kEqual && b->op == BinaryOp::kEqual && a->limit != b->limit);
    if (apart) add(kNever, conjunction, "no value can meet both conditions");
  }

  /// `of_several`: other conditions must hold, or may hold, besides.
  void look_at_deciding(const promql::Binary& comparison, bool of_several) {
    if (comparison.return_bool) {
      return add(kBoolComparison, comparison, "with bool, this always has a result");
    }
    const auto left = constant_of(*comparison.left);
    const auto right = constant_of(*comparison.right);
    if (left && right) {
      const bool holds = compare(comparison.op, *left, *right);
      if (holds && is_watchdog(use_.rule->name)) return;
      return add(
          holds ? kAlways : kNever, comparison,
          fmt::format("two constants are compared: this is {} true", holds ? "always" : "never"));
    }
    const auto condition = condition_of(comparison);
    if (!condition) return;
    const Facts value = facts_.of(*condition->value);
    // What is always the same number, and a count, tell by whether they are there, like absent().
    const auto* aggregate = as_aggregate(bare(*condition->value));
    const bool counts = aggregate != nullptr && aggregate->op == promql::AggregateOp::kCount;
    if (value.lowest == value.highest || counts) return;
    if (truth_of(condition->op, value, condition->limit) != Truth::kAlways) return;
    // What a comparison within lets through is compared once more: superfluous, not wrong.
    if (conditional(*condition->value) != Conditional::kNo) return;
    Finding finding =
        about(use_, comparison.range, "this is always true: the value " + range_text(value));
    if (of_several) finding.way_out = "leave it out, or compare with a value that tells";
    findings_.add(kExtremes[kAlways], of_several ? Severity::kWarning : Severity::kError,
                  std::move(finding));
  }

  enum class Conditional { kNo, kYes, kUnknown };

  Conditional both(const promql::Node& a, const promql::Node& b) {
    const Conditional left = conditional(a);
    return left == Conditional::kYes ? left : std::max(left, conditional(b));
  }

  /// Whether a result is empty some of the time, going by how it is written.
  Conditional conditional(const promql::Node& outer) {
    const promql::Node& node = bare(outer);
    switch (node.kind) {
      case NodeKind::kVectorSelector:
        return of_selector(static_cast<const promql::VectorSelector&>(node));
      case NodeKind::kMatrixSelector:
        return Conditional::kNo;
      case NodeKind::kSubquery:
        return conditional(*static_cast<const promql::Subquery&>(node).inner);
      case NodeKind::kAggregate:
        return conditional(*static_cast<const promql::Aggregate&>(node).argument);
      case NodeKind::kUnary:
        return conditional(*static_cast<const promql::Unary&>(node).operand);
      case NodeKind::kCall:
        return of_call(static_cast<const promql::Call&>(node));
      case NodeKind::kBinary: {
        const auto& binary = static_cast<const promql::Binary&>(node);
        if (promql::is_comparison(binary.op)) {
          return binary.return_bool ? both(*binary.left, *binary.right) : Conditional::kYes;
        }
        if (binary.op == BinaryOp::kUnless) return Conditional::kYes;
        if (binary.op == BinaryOp::kOr) {
          return std::min(conditional(*binary.left), conditional(*binary.right));
        }
        return both(*binary.left, *binary.right);
      }
      default:
        return Conditional::kNo;
    }
  }

  Conditional of_selector(const promql::VectorSelector& selector) {
    const std::string name = metric_name(selector);
    if (name.empty() || name.starts_with("ALERTS") || asks_for_states(selector)) {
      return Conditional::kUnknown;
    }
    const auto recorders = subject_.recorders(name);
    if (recorders.empty()) {
      return name.find(':') == std::string::npos ? Conditional::kNo : Conditional::kUnknown;
    }
    if (!within_.insert(recorders.front()->rule).second) return Conditional::kUnknown;
    const Conditional answer = conditional(*recorders.front()->rule->expression.root);
    within_.erase(recorders.front()->rule);
    return answer;
  }

  Conditional of_call(const promql::Call& call) {
    const std::string_view name = call.function->name;
    if (name == "absent" || name == "absent_over_time") return Conditional::kYes;
    Conditional answer = Conditional::kNo;
    for (const promql::NodePtr& argument : call.arguments) {
      answer = std::max(answer, conditional(*argument));
    }
    return answer == Conditional::kUnknown && call.arguments.empty() ? Conditional::kNo : answer;
  }

  void look_for_conditions(const promql::Node& root) {
    if (conditional(root) != Conditional::kNo) return;
    const auto decided = deciding(root);
    const bool said = std::any_of(decided.begin(), decided.end(),
                                  [](const promql::Binary* b) { return b->return_bool; });
    if (said || is_watchdog(use_.rule->name)) return;
    if (constant_of(root)) {
      return add(kAlways, root, "this is a constant: the alert always fires");
    }
    add(kNoComparison, root, "nothing is compared: the alert fires whatever the value");
  }

  void look_at_absent(const promql::Call& call) {
    if (call.function->name != "absent" || !subject_.exported) return;
    const auto* selector = as_selector(bare(*call.arguments.front()));
    if (selector == nullptr || !subject_.exported->values_complete()) return;
    const ExportedMetric* metric = subject_.exported->find(metric_name(*selector));
    if (metric == nullptr || metric->name == "up") return;
    add(kAbsentExported, call,
        fmt::format("{} is only absent when its target is gone", metric->name));
  }

  const Subject& subject_;
  const RuleUse& use_;
  FactFinder& facts_;
  Findings& findings_;
  std::set<const rules::Rule*> within_;
};

void look_for_extremes(const Subject& subject, Findings& findings) {
  FactFinder facts(subject);
  for (const RuleUse& use : subject.rules) ExtremeLook(subject, use, facts, findings).look();
}

}  // namespace

const CheckGroup kExtremeChecks{kExtremes, look_for_extremes};

}  // namespace tocsin::check
