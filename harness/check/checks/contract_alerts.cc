#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/check/checks/conditions.h"
#include "harness/check/checks/contract_checks.h"

/// A promised alert against its rule.

namespace tocsin::check {

using promql::BinaryOp;

namespace {

bool about_equal(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}

/// A number of the rule's expression in the contract's base units.
bool same_threshold(const Condition& condition, const Facts& facts, const Quantity& promised) {
  if (about_equal(condition.limit, promised.value)) return true;
  const bool percent =
      facts.unit == Unit::kPercent || facts.unit == Unit::kUnknown || facts.unit == Unit::kSeconds;
  if (promised.dimension == Dimension::kRatio && percent) {
    return about_equal(condition.limit, promised.value * 100);
  }
  if (promised.dimension == Dimension::kTime && facts.unit == Unit::kMilliseconds) {
    return about_equal(condition.limit, promised.value * 1000);
  }
  // Per hour, written as increase(…[1h]).
  return promised.dimension == Dimension::kRate && facts.increase;
}

BinaryOp op_of(contract::Comparison is) {
  switch (is) {
    case contract::Comparison::kAbove:
      return BinaryOp::kGreater;
    case contract::Comparison::kAtLeast:
      return BinaryOp::kGreaterEqual;
    case contract::Comparison::kBelow:
      return BinaryOp::kLess;
    case contract::Comparison::kAtMost:
      return BinaryOp::kLessEqual;
    case contract::Comparison::kEqual:
      break;
  }
  return BinaryOp::kEqual;
}

/// An alert of the contract against its rule.
class PromisedAlert {
 public:
  PromisedAlert(const contract::Alert& promised, const RuleUse& use, FactFinder& facts,
                Findings& findings)
      : promised_(promised), use_(use), facts_(facts), findings_(findings) {}

  void look() {
    if (promised_.threshold) look_at_threshold();
    if (use_.rule->hold != promised_.hold) {
      Finding finding = about(
          use_, fmt::format("`for` is {}, and {} is promised{}", format_duration(use_.rule->hold),
                            format_duration(promised_.hold), where()));
      if (use_.rule->hold_pos.line > 0) finding.place.pos = use_.rule->hold_pos;
      findings_.add(kContracts[kContractFor], std::move(finding));
    }
    look_at_severity();
    if (promised_.window) look_at_window();
  }

 private:
  std::string where() const {
    std::string text = fmt::format(" ({}:{}", promised_.pos.file, promised_.pos.line);
    if (!promised_.lines.empty()) text += fmt::format(", line {} of the guide", promised_.lines[0]);
    return text + ")";
  }

  void add(ContractCheck check, promql::TextRange range, std::string message) {
    findings_.add(kContracts[check], about(use_, range, std::move(message) + where()));
  }

  void look_at_threshold() {
    std::vector<Condition> conditions;
    for (const promql::Binary* comparison : deciding(*use_.rule->expression.root)) {
      if (const auto condition = condition_of(*comparison)) conditions.push_back(*condition);
    }
    if (conditions.empty()) return;
    const Condition* same = nullptr;
    for (const Condition& condition : conditions) {
      if (same == nullptr &&
          same_threshold(condition, facts_.of(*condition.value), *promised_.threshold)) {
        same = &condition;
      }
    }
    const Condition& first = same == nullptr ? conditions.front() : *same;
    if (look_at_unit(first)) return;
    if (same == nullptr) {
      return add(kContractThreshold, first.comparison->range,
                 fmt::format("the threshold is {}, and {} is promised", format_number(first.limit),
                             format_quantity(*promised_.threshold)));
    }
    const BinaryOp wanted = op_of(promised_.is);
    if (first.op == wanted) return;
    add(kContractComparison, first.comparison->range,
        fmt::format("the value is compared with {}, and {} is promised",
                    promql::to_string(first.op), contract::symbol(promised_.is)));
  }

  /// A share is promised and something else compared, or the other way round.
  bool look_at_unit(const Condition& condition) {
    const Facts facts = facts_.of(*condition.value);
    const Dimension promised = promised_.threshold->dimension;
    const auto says = [&](std::string_view kind) {
      add(kContractUnit, condition.comparison->range,
          fmt::format("{} is promised as threshold, and {} compared",
                      format_quantity(*promised_.threshold), kind));
      return true;
    };
    const bool events = facts.per_second && facts.unit == Unit::kCount;
    if (promised == Dimension::kRatio && events) return says("events per second are");
    if (promised == Dimension::kRatio && facts.unit == Unit::kBytes) return says("bytes are");
    if (promised == Dimension::kRate && facts.unit == Unit::kRatio) return says("a ratio is");
    if (promised == Dimension::kTime &&
        (facts.unit == Unit::kRatio || facts.unit == Unit::kPercent ||
         facts.unit == Unit::kBytes)) {
      return says(fmt::format("{} {}", describe(facts.unit), "is"));
    }
    return false;
  }

  void look_at_severity() {
    if (promised_.severity.empty()) return;
    for (const auto& [name, text] : use_.rule->labels) {
      if (name != "severity" || text.text == promised_.severity) continue;
      Finding finding = about(use_, fmt::format("the severity is {}, and {} is promised{}",
                                                text.text, promised_.severity, where()));
      finding.place.pos = text.pos;
      findings_.add(kContracts[kContractSeverity], std::move(finding));
    }
    const bool any = std::any_of(use_.rule->labels.begin(), use_.rule->labels.end(),
                                 [](const auto& label) { return label.first == "severity"; }) ||
                     std::any_of(use_.group->labels.begin(), use_.group->labels.end(),
                                 [](const auto& label) { return label.first == "severity"; });
    if (any) return;
    findings_.add(kContracts[kContractSeverity],
                  about(use_, fmt::format("it has no severity, and {} is promised{}",
                                          promised_.severity, where())));
  }

  void look_at_window() {
    std::vector<Duration> windows;
    promql::TextRange range;
    for_all(*use_.rule->expression.root, [&](const promql::Node& node) {
      const auto* matrix = as<promql::MatrixSelector>(node, promql::NodeKind::kMatrixSelector);
      if (matrix == nullptr || matrix->window_expr) return;
      if (windows.empty()) range = matrix->range;
      windows.push_back(matrix->window);
    });
    if (windows.empty() ||
        std::find(windows.begin(), windows.end(), *promised_.window) != windows.end()) {
      return;
    }
    add(kContractWindow, range,
        fmt::format("the window is {}, and {} is promised", format_duration(windows.front()),
                    format_duration(*promised_.window)));
  }

  const contract::Alert& promised_;
  const RuleUse& use_;
  FactFinder& facts_;
  Findings& findings_;
};

}  // namespace

void look_at_promised_alert(const contract::Alert& promised, const RuleUse& use, FactFinder& facts,
                            Findings& findings) {
  PromisedAlert(promised, use, facts, findings).look();
}

}  // namespace tocsin::check
