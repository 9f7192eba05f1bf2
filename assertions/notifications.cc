#include <algorithm>

#include "assertions/notification_bench.h"

/// Notifications: who was told of which alerts, when, how often, and with which words? Each kind of
/// claim is in a file of its own; see notification_bench.h.

namespace tocsin::assertions {
namespace {

/// Whether the run left out the integration that a claim is about. Scenario files that name one
/// that the receiver lacks are refused before any run.
bool is_out_of_reach(const Evidence& evidence, const scenario::NotificationExpectation& e) {
  if (e.integration.empty() || e.receiver.empty() || !evidence.routing) return false;
  for (const ReceiverInfo& receiver : evidence.routing->receivers) {
    if (receiver.name != e.receiver) continue;
    const auto& kinds = receiver.integrations;
    return std::find(kinds.begin(), kinds.end(), e.integration) == kinds.end();
  }
  return false;
}

}  // namespace

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
    if (is_out_of_reach(trial.evidence(), expectation)) {
      Judgement judgement = bench.begin("is told as expected");
      judgement.outcome = Outcome::kInconclusive;
      judgement.seen = "this run could not tell " + expectation.receiver + " by " +
                       expectation.integration + "; see the warnings";
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
