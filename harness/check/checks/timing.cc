#include <fmt/format.h>

#include "harness/check/check_groups.h"
#include "harness/check/checks/conditions.h"
#include "harness/check/subject.h"
#include "harness/check/visit.h"

/// Windows and durations against how often targets are scraped and rules evaluated.

namespace tocsin::check {
namespace {

using promql::NodeKind;

enum TimingCheck { kRangeTooShort, kForBelowInterval, kMissingFor, kFewScrapes };

constexpr Check kTiming[] = {
    {"rule/range-too-short", Severity::kWarning, "A window with few scrapes in it",
     "rate() and its like need two samples. With less than two scrape intervals (an error) there "
     "is often no result; with less than four, one failed scrape makes a gap.",
     "Use a window of at least four scrape intervals."},
    {"rule/for-below-interval", Severity::kWarning, "`for` is shorter than the evaluation interval",
     "The alert fires at the second evaluation anyhow, so such a `for` is as good as none or one "
     "interval.",
     "Give `for` as a multiple of the evaluation interval."},
    {"rule/missing-for", Severity::kInfo, "An alert without `for`",
     "A single evaluation above the threshold makes it fire.",
     "Add `for`, unless the expression already looks back over some time."},
    {"rule/few-scrapes", Severity::kInfo, "Two failed scrapes make it fire",
     "A restart or a lost packet is not an outage yet.", "Wait for at least three scrapes."},
};

bool needs_two_samples(std::string_view function) {
  for (const char* name : {"rate", "irate", "increase", "delta", "idelta", "deriv",
                           "predict_linear", "changes", "resets"}) {
    if (function == name) return true;
  }
  return false;
}

void look_at_window(const Subject& subject, const RuleUse& use, const promql::Call& call,
                    Findings& findings) {
  if (!needs_two_samples(call.function->name) || !subject.scrape_interval) return;
  const promql::Node& argument = bare(*call.arguments.front());
  const auto* matrix = as<promql::MatrixSelector>(argument, NodeKind::kMatrixSelector);
  if (matrix == nullptr || matrix->window_expr || matrix->window.count() <= 0) return;
  const ExportedMetric* metric = subject.meant(metric_name(*matrix->vector));
  Duration interval = *subject.scrape_interval;
  if (metric != nullptr && metric->scrape_interval.count() > 0) interval = metric->scrape_interval;
  if (matrix->window >= 4 * interval) return;
  const bool hopeless = matrix->window < 2 * interval;
  findings.add(kTiming[kRangeTooShort], hopeless ? Severity::kError : Severity::kWarning,
               about(use, matrix->range,
                     fmt::format("{} holds fewer than {} scrapes, one every {}",
                                 format_duration(matrix->window), hopeless ? "two" : "four",
                                 format_duration(interval)),
                     fmt::format("use [{}] or more", format_duration(4 * interval))));
}

/// Whether the expression looks back, so that one bad sample alone does little.
bool looks_back(const promql::Node& root) {
  bool found = false;
  for_all(root, [&](const promql::Node& node) {
    found = found || node.kind == NodeKind::kMatrixSelector || node.kind == NodeKind::kSubquery;
  });
  return found;
}

/// `up == 0`, and how often it is asked.
void look_at_scrapes_of_up(const Subject& subject, const RuleUse& use, Findings& findings) {
  if (!subject.scrape_interval || use.rule->hold.count() == 0) return;
  if (use.rule->hold >= 3 * *subject.scrape_interval) return;
  for (const Condition& condition : conditions_in(*use.rule->expression.root)) {
    const auto* selector = as_selector(bare(*condition.value));
    if (selector == nullptr || selector->name != "up" || condition.limit != 0) continue;
    Finding finding = about(use, fmt::format("{} are {} scrapes", format_duration(use.rule->hold),
                                             use.rule->hold / *subject.scrape_interval));
    finding.place.pos = use.rule->hold_pos;
    findings.add(kTiming[kFewScrapes], std::move(finding));
  }
}

void look_at_timing(const Subject& subject, Findings& findings) {
  for (const RuleUse& use : subject.rules) {
    const rules::Rule& rule = *use.rule;
    for_all(*rule.expression.root, [&](const promql::Node& node) {
      if (const auto* call = as_call(node)) look_at_window(subject, use, *call, findings);
    });
    if (!use.alerts()) continue;
    look_at_scrapes_of_up(subject, use, findings);
    const auto interval = use.interval(subject.evaluation_interval);
    if (rule.hold.count() > 0 && interval && rule.hold < *interval) {
      Finding finding =
          about(use, fmt::format("`for` {} is shorter than the evaluation interval {}",
                                 format_duration(rule.hold), format_duration(*interval)));
      finding.place.pos = rule.hold_pos;
      findings.add(kTiming[kForBelowInterval], std::move(finding));
    }
    if (rule.hold.count() == 0 && rule.keep_firing_for.count() == 0) {
      const bool smooth = looks_back(*rule.expression.root);
      findings.add(kTiming[kMissingFor],
                   about(use, smooth ? "it fires at the first evaluation above the threshold"
                                     : "a single sample makes it fire"));
    }
  }
}

}  // namespace

const CheckGroup kTimingChecks{kTiming, look_at_timing};

}  // namespace tocsin::check
