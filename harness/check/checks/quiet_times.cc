#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/check/check_groups.h"
#include "harness/check/checks/conditions.h"
#include "harness/check/facts.h"
#include "harness/check/subject.h"

/// What alerts say while little or nothing happens.

namespace tocsin::check {
namespace {

using promql::BinaryOp;
using promql::NodeKind;

enum QuietCheck { kFiresWhenIdle, kSilentWhenAbsent, kCoarseThreshold };

constexpr Check kQuiet[] = {
    {"rule/fires-when-idle", Severity::kInfo, "The alert fires when there is nothing to do",
     "That nothing was done tells a broken worker only when there was something to do.",
     "Add `and` a condition on what waits: a queue, requests, a time of day."},
    {"rule/silent-when-absent", Severity::kInfo, "An age that nothing has yet",
     "A timestamp that was never set has no age: without a first backup there is no alert that "
     "there is none.",
     "Add `or absent(…)`."},
    {"rule/coarse-threshold", Severity::kInfo, "A handful of events decides",
     "Within the window the threshold is a few events: the value moves in steps, and one event "
     "more or less makes the alert fire.",
     "Look back further."},
};

/// The window of all range selectors of an expression, when they have the same.
std::optional<Duration> only_window(const promql::Node& node) {
  std::set<Duration> windows;
  bool others = false;
  for_all(node, [&](const promql::Node& below) {
    if (below.kind == NodeKind::kSubquery) others = true;
    if (const auto* matrix = as<promql::MatrixSelector>(below, NodeKind::kMatrixSelector)) {
      windows.insert(matrix->window);
      others = others || matrix->window_expr != nullptr;
    }
  });
  return windows.size() == 1 && !others ? std::optional(*windows.begin()) : std::nullopt;
}

class QuietLook {
 public:
  QuietLook(const RuleUse& use, FactFinder& facts, Findings& findings)
      : use_(use), facts_(facts), findings_(findings) {}

  void look() {
    const promql::Node& root = *use_.rule->expression.root;
    const auto decided = deciding(root);
    if (decided.size() == 1) {
      if (const auto condition = condition_of(*decided.front())) look_at_idle(*condition);
    }
    for (const Condition& condition : conditions_in(root)) {
      look_at_age(condition);
      look_at_steps(condition);
    }
  }

 private:
  void add(QuietCheck check, const promql::Binary& at, std::string message,
           std::string way_out = {}) {
    findings_.add(kQuiet[check], about(use_, at.range, std::move(message), std::move(way_out)));
  }

  void look_at_idle(const Condition& condition) {
    const Facts value = facts_.of(*condition.value);
    const bool none = condition.limit == 0 &&
                      (condition.op == BinaryOp::kEqual || condition.op == BinaryOp::kLessEqual);
    if (!none || (!value.per_second && !value.increase)) return;
    add(kFiresWhenIdle, *condition.comparison, "this holds as well when there is nothing to do");
  }

  bool asks_for_absence() const {
    bool found = false;
    for_all(*use_.rule->expression.root, [&](const promql::Node& node) {
      const auto* call = as_call(node);
      found = found || (call != nullptr && call->function->name.starts_with("absent"));
    });
    return found;
  }

  /// time() - x > 86400
  void look_at_age(const Condition& condition) {
    const auto* difference = as_binary(bare(*condition.value));
    if (difference == nullptr || difference->op != BinaryOp::kSub || !asks_above(condition.op)) {
      return;
    }
    const auto* now = as_call(bare(*difference->left));
    const auto* selector = as_selector(bare(*difference->right));
    if (now == nullptr || selector == nullptr || now->function->name != "time") return;
    if (asks_for_absence()) return;
    const std::string name = metric_name(*selector);
    add(kSilentWhenAbsent, *condition.comparison,
        fmt::format("while there is no {}, this says nothing", name),
        fmt::format("add `or absent({})`", name));
  }

  void look_at_steps(const Condition& condition) {
    constexpr double kHandful = 5;
    const Facts value = facts_.of(*condition.value);
    if (!value.per_second || value.unit != Unit::kCount || condition.limit <= 0) return;
    const auto window = only_window(*condition.value);
    if (!window) return;
    const double events = condition.limit * std::chrono::duration<double>(*window).count();
    if (events >= kHandful) return;
    add(kCoarseThreshold, *condition.comparison,
        fmt::format("{} a second are {} in {}", format_number(condition.limit),
                    format_number(events, 3), format_duration(*window)));
  }

  const RuleUse& use_;
  FactFinder& facts_;
  Findings& findings_;
};

void look_at_quiet_times(const Subject& subject, Findings& findings) {
  FactFinder facts(subject);
  for (const RuleUse& use : subject.rules) {
    if (use.alerts()) QuietLook(use, facts, findings).look();
  }
}

}  // namespace

const CheckGroup kQuietChecks{kQuiet, look_at_quiet_times};

}  // namespace tocsin::check
