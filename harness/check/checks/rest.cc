#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/check/check_groups.h"
#include "harness/check/rest_run.h"
#include "harness/check/subject.h"
#include "harness/rules/evaluation.h"

/// Alerts that fire while nothing is wrong: the system is run at rest, and its rules are evaluated.

namespace tocsin::check {
namespace {

using namespace std::chrono_literals;

constexpr Check kRest[] = {
    {"rule/fires-at-rest", Severity::kWarning, "The alert fires while the system is at rest",
     "With its usual traffic and no fault at all, the condition holds until the end: the alert "
     "says "
     "nothing, or the system's model does not show its normal state.",
     "Correct the condition, or the model; one that is meant to fire for ever gets the severity "
     "none."},
};

bool is_meant_to_fire(const RuleUse& use) {
  for (const auto& [name, text] : use.rule->labels) {
    if (name == "severity") return text.text == "none";
  }
  return false;
}

constexpr Duration kLongestRest = 3h;

/// What a rule looks back over, and how long it waits.
Duration needed_by(const RuleUse& use) {
  Duration window = 0ms;
  for (const promql::SelectorUse& read : promql::selectors_of(*use.rule->expression.root)) {
    window = std::max(window, read.before);
  }
  return use.rule->hold + window;
}

/// Long enough for the longest window and `for`, within reason.
Duration length_of(const Subject& subject) {
  Duration longest = 0ms;
  for (const RuleUse& use : subject.rules) longest = std::max(longest, needed_by(use));
  return std::clamp<Duration>(longest + 10min, 30min, kLongestRest);
}

/// A check takes moments: who scrapes every millisecond is not run for hours.
bool can_be_run(const scenario::System& system, Duration length) {
  constexpr std::int64_t kMostSteps = 20'000;
  Duration shortest = std::min(system.evaluation_interval, system.service.scrape_interval);
  for (const scenario::Target& exporter : system.exporters) {
    shortest = std::min(shortest, exporter.scrape_interval);
  }
  return shortest.count() > 0 && length / shortest <= kMostSteps;
}

void look_at_rest(const Subject& subject, Findings& findings) {
  const bool any_alert = std::any_of(subject.rules.begin(), subject.rules.end(),
                                     [](const RuleUse& use) { return use.alerts(); });
  if (!subject.system || !any_alert) return;
  const Duration length = length_of(subject);
  if (!can_be_run(*subject.system, length)) return;
  const auto run = run_at_rest(*subject.system, subject.traffic_hz, length);
  rules::EvaluationOptions options;
  options.interval = subject.system->evaluation_interval;
  options.origin = kRestStart;
  const auto outcome =
      rules::evaluate_timeline(subject.rule_files, *run, *run, kRestStart + length, options);
  std::set<const rules::Rule*> firing;
  for (std::size_t i = 0; i < outcome.episodes.size(); ++i) {
    const AlertEpisode& episode = outcome.episodes[i];
    if (episode.firing_at && !episode.resolved_at) firing.insert(outcome.alerting[i]);
  }
  for (const RuleUse& use : subject.rules) {
    // A day's rate looks odd when there were only hours.
    if (!firing.contains(use.rule) || needed_by(use) >= kLongestRest) continue;
    findings.add(kRest[0], is_meant_to_fire(use) ? Severity::kInfo : Severity::kWarning,
                 about(use, use.rule->expression.root->range,
                       "it fires while nothing is wrong, and does not end"));
  }
}

}  // namespace

const CheckGroup kRestChecks{kRest, look_at_rest};

}  // namespace tocsin::check
