#include "assertions/notification_bench.h"

/// Notifications: who was told of which alerts, when, how often, and with which words? Each kind of
/// claim is in a file of its own; see notification_bench.h.

namespace tocsin::assertions {

bool claims_nothing(const scenario::NotificationExpectation& e) {
  return !e.never && !e.at && !e.within_firing && !e.within_resolving && !e.count && !e.pages &&
         !e.attempts && !e.repeats && !e.together && !e.apart && e.inhibited_by.empty() &&
         e.silenced_by.empty() && e.muted_by.empty() && e.contains.empty() && !e.runbook;
}

void judge_notifications(Trial& trial) {
  const scenario::Expectations& expect = trial.scenario().expect;
  if (expect.notifications.empty() && !expect.all_notified) return;
  const NotificationLog log(trial.evidence());
  const bool routed = trial.evidence().routing || !trial.evidence().notifications.empty();
  for (const scenario::NotificationExpectation& expectation : expect.notifications) {
    NotificationBench bench(trial, log, expectation);
    if (!routed) {
      Judgement judgement = bench.begin("is told as expected");
      judgement.outcome = Outcome::kInconclusive;
      judgement.seen = "nobody routed alerts in this run";
      bench.add(std::move(judgement));
      continue;
    }
    judge_notification_counts(bench);
    judge_notification_times(bench);
    judge_notification_groups(bench);
    judge_notification_suppressions(bench);
    judge_notification_texts(bench);
  }
  if (expect.all_notified) judge_all_notified(trial, log);
}

}  // namespace tocsin::assertions
