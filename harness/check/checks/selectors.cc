#include <set>

#include <fmt/format.h>

#include "harness/check/check_groups.h"
#include "harness/check/nearest_metric.h"
#include "harness/check/selector_look.h"
#include "harness/check/subject.h"
#include "harness/check/visit.h"

/// Selectors of rules against what targets export and rules record.

namespace tocsin::check {
namespace {

/// In the order of SelectorFlaw.
constexpr Check kSelectors[] = {
    {"rule/unknown-metric", Severity::kError,
     "No target exports the metric, and no rule records it",
     "The expression has no result, so the alert never fires; under absent() it always does.",
     "Use the name that the target exports."},
    {"rule/unknown-label", Severity::kError, "The metric never has the label",
     "A matcher on a label that is not there matches no series.",
     "Use a label that the metric has."},
    {"rule/unknown-label-value", Severity::kError, "The label never has such a value",
     "The selector matches no series.", "Use a value that occurs."},
    {"rule/unknown-combination", Severity::kWarning, "No series has all these label values at once",
     "Each matcher matches some series, but none matches all of them.",
     "Look at the series that the metric has."},
    {"rule/contradiction", Severity::kError, "Two matchers exclude each other",
     "No series can match both.", "Remove one, or use a regular expression with both values."},
    {"rule/regex-dead-branch", Severity::kWarning,
     "A branch of a regular expression matches no value", "The branch selects nothing.",
     "Correct the value, or remove the branch."},
    {"rule/regex-plain", Severity::kInfo, "A regular expression without anything regular in it",
     "= says the same, is faster, and cannot be misread.", "Use = or !=."},
    {"rule/regex-anchored", Severity::kInfo, "A regular expression with ^ or $",
     "Prometheus anchors regular expressions at both ends anyhow.", "Leave ^ and $ out."},
    {"rule/missing-recording", Severity::kInfo, "A recorded metric that no rule here records",
     "Names with colons come from recording rules. Where it is known what targets export, this is "
     "rule/unknown-metric.",
     "Check the recording rule's file too, or correct the name."},
    {"rule/unknown-alert", Severity::kWarning, "ALERTS is asked for an alert that no rule defines",
     "The selector matches no series.", "Use the name of an alert."},
    {"rule/undescribed-target", Severity::kWarning, "Nothing says what a target exports",
     "Metrics that are not known may be its own, or slips: nobody can tell. This is said once.",
     "Describe the target's instruments, or give a page that it shows with --metrics."},
};

/// Whether targets export, or rules record, something that a part reads.
bool reads_something(const Subject& subject, const promql::Node& part) {
  bool found = false;
  for_all(part, [&](const promql::Node& node) {
    const auto* selector = as_selector(node);
    if (selector == nullptr) return;
    const std::string name = metric_name(*selector);
    found = found || !subject.recorders(name).empty() ||
            (subject.exported && subject.exported->find(name) != nullptr);
  });
  return found;
}

/// Metrics that some target may export, and where the first of them is read.
struct Undescribed {
  std::set<std::string> metrics;
  const RuleUse* use = nullptr;
  promql::TextRange place = {};
};

/// The selectors of one rule. `alternative`: beside an `or` stands another that is there, as rules
/// for several versions of an exporter have it.
void look_at_part(const Subject& subject, const RuleUse& use, const promql::Node& node,
                  bool alternative, Undescribed& undescribed, Findings& findings) {
  if (const auto* binary = as_binary(node); binary && binary->op == promql::BinaryOp::kOr) {
    const bool left = alternative || reads_something(subject, *binary->right);
    const bool right = alternative || reads_something(subject, *binary->left);
    look_at_part(subject, use, *binary->left, left, undescribed, findings);
    return look_at_part(subject, use, *binary->right, right, undescribed, findings);
  }
  if (const auto* selector = as_selector(node)) {
    for (SelectorProblem& problem : look_at_selector(subject, *selector)) {
      if (problem.flaw == SelectorFlaw::kUndescribed) {
        if (undescribed.metrics.empty()) undescribed = {{}, &use, selector->range};
        undescribed.metrics.insert(problem.message);
        continue;
      }
      const Check& check = kSelectors[static_cast<std::size_t>(problem.flaw)];
      const bool not_here = alternative && problem.flaw == SelectorFlaw::kUnknownMetric;
      const Severity severity =
          not_here ? Severity::kInfo : problem.severity.value_or(check.severity);
      findings.add(
          check, severity,
          about(use, selector->range, std::move(problem.message), std::move(problem.way_out)));
    }
  }
  promql::for_children(node, [&](const promql::Node& below) {
    look_at_part(subject, use, below, alternative, undescribed, findings);
  });
}

void look_at_selectors(const Subject& subject, Findings& findings) {
  Undescribed undescribed;
  for (const RuleUse& use : subject.rules) {
    look_at_part(subject, use, *use.rule->expression.root, false, undescribed, findings);
  }
  if (undescribed.metrics.empty()) return;
  const std::vector<std::string> names(undescribed.metrics.begin(), undescribed.metrics.end());
  findings.add(kSelectors[static_cast<std::size_t>(SelectorFlaw::kUndescribed)],
               about(*undescribed.use, undescribed.place,
                     fmt::format("nothing says what {} exports: {} taken on trust",
                                 subject.undescribed_names(),
                                 listed(names) + (names.size() == 1 ? " is" : " are")),
                     subject.way_to_describe()));
}

}  // namespace

const CheckGroup kSelectorChecks{kSelectors, look_at_selectors};

}  // namespace tocsin::check
