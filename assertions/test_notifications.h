#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "assertions/test_evidence.h"

/// Claims on notifications as rows of a table: what happened, what is claimed, what is judged and
/// said.

namespace tocsin::assertions {

using scenario::NotificationExpectation;
using scenario::ValueClaim;

class NotificationTest : public JudgeTest {
 public:
  NotificationTest() {
    evidence_.routing = RoutingInfo{"nobody", {{"nobody", {}}, {"on-call", {"slack"}}}, {}};
  }

  static Labels labels_of(const std::string& name) {
    return {{"alertname", name}, {"severity", "critical"}};
  }
  static Labels instance_of(const std::string& name, int n) {
    return {{"alertname", name}, {"instance", "node-" + std::to_string(n)}};
  }

  using JudgeTest::episode;
  /// Pending a minute before.
  AlertEpisode& fires(const std::string& name, double minute, std::optional<double> resolved) {
    return episode(name, minute - 1, minute, resolved);
  }

  NotificationRecord& tell(double minute, const std::vector<Labels>& alerts,
                           const std::string& receiver = "on-call") {
    NotificationRecord& record = evidence_.notifications.emplace_back();
    record.at = at(minute);
    record.receiver = receiver;
    record.integration = "slack";
    record.group_key = "{}:{}";
    for (const Labels& labels : alerts) record.alerts.push_back({labels, {}, true, {}, {}});
    record.title = "[FIRING:" + std::to_string(alerts.size()) + "]";
    return record;
  }
  NotificationRecord& tell(double minute, const std::string& alert,
                           const std::string& receiver = "on-call") {
    return tell(minute, std::vector<Labels>{labels_of(alert)}, receiver);
  }
  NotificationRecord& tell_end(double minute, const std::string& alert) {
    NotificationRecord& record = tell(minute, alert);
    record.firing = record.alerts.front().firing = false;
    return record;
  }
  void fail_delivery(double minute, const std::string& alert, int attempt) {
    NotificationRecord& record = tell(minute, alert);
    record.delivered = false;
    record.attempt = attempt;
    record.status = 503;
  }
  Suppression& suppress(Suppression::Kind kind, const std::string& alert, double from,
                        std::optional<double> to, const std::string& by) {
    Suppression& one = evidence_.suppressions.emplace_back();
    one.kind = kind;
    one.alert = labels_of(alert);
    one.from = at(from);
    if (to) one.to = at(*to);
    if (kind == Suppression::Kind::kInhibited) {
      one.by = labels_of(by);
    } else {
      one.name = by;
    }
    return one;
  }
  void route(const std::string& alert, std::vector<std::string> receivers,
             Duration told_within = std::chrono::seconds(30)) {
    evidence_.routing->alerts.push_back(
        {labels_of(alert), std::move(receivers), told_within, false});
  }
  void fall_through(const std::string& alert) {
    route(alert, {evidence_.routing->default_receiver});
    evidence_.routing->alerts.back().fell_through = true;
  }
  void stop_at(double minute) { interrupt(minute); }
  Evidence& evidence() { return evidence_; }
  scenario::Scenario& scenario() { return scenario_; }

  static ValueClaim at_most(double n) {
    ValueClaim claim = JudgeTest::claim(ValueClaim::Kind::kLessEqual, n);
    claim.text = "at most " + std::to_string(static_cast<int>(n));
    return claim;
  }
  static ValueClaim exactly(double n) {
    ValueClaim claim = JudgeTest::claim(ValueClaim::Kind::kEqual, n);
    claim.text = std::to_string(static_cast<int>(n));
    return claim;
  }
  using JudgeTest::window;

  struct Case {
    const char* what;
    std::function<void(NotificationTest&)> happened;
    std::function<void(NotificationExpectation&)> claimed;
    Outcome outcome;
    const char* seen;
  };

  void run(const Case& test) {
    SCOPED_TRACE(test.what);
    NotificationTest fresh;
    test.happened(fresh);
    NotificationExpectation& expectation = fresh.scenario_.expect.notifications.emplace_back();
    test.claimed(expectation);
    const Verdict verdict = judge(fresh.scenario_, fresh.evidence_);
    ASSERT_EQ(verdict.judgements.size(), 1U);
    const Judgement& judgement = verdict.judgements.front();
    EXPECT_EQ(judgement.kind, "notification");
    EXPECT_EQ(to_string(judgement.outcome), to_string(test.outcome));
    EXPECT_EQ(judgement.seen, test.seen);
    EXPECT_EQ(judgement.outcome == Outcome::kFail, !judgement.around.empty());
  }
  void run_all(const std::vector<Case>& cases) {
    for (const Case& test : cases) run(test);
  }

  void TestBody() override {}
};

}  // namespace tocsin::assertions
