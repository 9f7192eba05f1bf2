#include "assertions/test_notifications.h"

namespace tocsin::assertions {
namespace {

using Kind = Suppression::Kind;
using N = NotificationTest;

class Notifications : public NotificationTest {};

TEST_F(Notifications, ReachSomebody) {
  const auto judged = [](const std::function<void(N&)>& happened) {
    NotificationTest fresh;
    happened(fresh);
    fresh.scenario().expect.all_notified = true;
    const Verdict verdict = judge(fresh.scenario(), fresh.evidence());
    const Judgement& judgement = verdict.judgements.at(0);
    EXPECT_EQ(judgement.outcome == Outcome::kFail, !judgement.around.empty());
    return std::string(to_string(judgement.outcome)) + ": " + judgement.seen;
  };
  const struct {
    std::function<void(N&)> happened;
    const char* judged;
  } cases[] = {
      {[](N&) {}, "pass: no alert fired"},
      {[](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A");
       },
       "pass: 1 alert told"},
      {[](N& n) { n.fires("A", 6, 12); },
       "fail: 1 of 1 alert: A {severity=\"critical\"} fired at 6m (1m after fault); nobody was "
       "told by its end, 12m"},
      {[](N& n) {
         n.fires("A", 6, 12);
         n.fires("B", 6, 12);
         n.tell(6.5, "A");
         n.route("B", {"nobody"});
       },
       "fail: 1 of 2 alerts: B {severity=\"critical\"} fell to the default receiver nobody, which "
       "has no integrations; it fired at 6m (1m after fault)"},
      {[](N& n) {
         n.evidence().routing->default_receiver = "office";
         n.fires("A", 6, 12);
         n.tell(7, "A", "office");
       },
       "fail: 1 of 1 alert: A {severity=\"critical\"} fell to the default receiver office by "
       "slack, at 7m (2m after fault)"},
      // No route below the root took it.
      {[](N& n) {
         n.evidence().routing->default_receiver = "office";
         n.fires("A", 6, 12);
         n.fall_through("A");
         n.tell(7, "A", "office");
       },
       "fail: 1 of 1 alert: A {severity=\"critical\"} fell to the default receiver office by "
       "slack, at 7m (2m after fault)"},
      // One did, and names the root's receiver; or the root is all there is.
      {[](N& n) {
         n.evidence().routing->default_receiver = "office";
         n.fires("A", 6, 12);
         n.route("A", {"office"});
         n.tell(7, "A", "office");
       },
       "pass: 1 alert told"},
      {[](N& n) {
         n.evidence().routing->default_receiver = "on-call";
         n.fires("A", 6, 6.25);
         n.route("A", {"on-call"});
       },
       "pass: 0 alerts told, 1 fired too briefly to be told"},
      {[](N& n) {
         n.evidence().routing->default_receiver = "on-call";
         n.fires("A", 6, 6.25);
         n.fall_through("A");
       },
       "fail: 1 of 1 alert: A {severity=\"critical\"} fired at 6m (1m after fault); its route "
       "leads "
       "to on-call; nobody was told by its end, 6m15s"},
      {[](N& n) {
         n.evidence().routing->receivers.push_back({"bin", {}});
         n.fires("A", 6, 12);
         n.route("A", {"bin"});
       },
       "fail: 1 of 1 alert: A {severity=\"critical\"} fell to bin, which has no integrations; it "
       "fired at 6m (1m after fault)"},
      {[](N& n) {
         n.fires("A", 6, 6.25);
         n.route("A", {"on-call"});
       },
       "pass: 0 alerts told, 1 fired too briefly to be told"},
      // No time would be enough where the route leads to nobody.
      {[](N& n) {
         n.fires("A", 6, 6.25);
         n.route("A", {"nobody"});
       },
       "fail: 1 of 1 alert: A {severity=\"critical\"} fell to the default receiver nobody, which "
       "has no integrations; it fired at 6m (1m after fault)"},
      {[](N& n) {
         n.fires("A", 6, 6.25);
         n.route("A", {"nobody"});
         n.suppress(Kind::kInhibited, "A", 6, 6.25, "Down");
       },
       "pass: 0 alerts told, 1 suppressed"},
      {[](N& n) {
         n.fires("A", 19.75, {});
         n.route("A", {"on-call"});
       },
       "pass: 0 alerts told, 1 fired too briefly to be told"},
      {[](N& n) {
         n.fires("A", 6, 12);
         n.route("A", {"on-call"});
         n.suppress(Kind::kInhibited, "A", 6, 11.75, "Down");
       },
       "pass: 0 alerts told, 1 suppressed"},
      // From the first look at its group on.
      {[](N& n) {
         n.fires("A", 6, 12);
         n.route("A", {"on-call"});
         n.suppress(Kind::kMuted, "A", 6.5, {}, "nights");
       },
       "pass: 0 alerts told, 1 suppressed"},
      // Afterwards there was time enough.
      {[](N& n) {
         n.fires("A", 6, 12);
         n.route("A", {"on-call"});
         n.suppress(Kind::kInhibited, "A", 6, 11, "Down");
       },
       "fail: 1 of 1 alert: A {severity=\"critical\"} fired at 6m (1m after fault); inhibited by "
       "Down from 6m to 11m"},
      {[](N& n) {
         n.fires("A", 6, 12);
         n.fail_delivery(7, "A", 1);
       },
       "fail: 1 of 1 alert: A {severity=\"critical\"} fired at 6m (1m after fault); tried at 7m to "
       "on-call by slack, not delivered: 503"},
      {[](N& n) {
         n.fires("A", 6, {});
         n.tell(6.5, "A");
         n.stop_at(8);
       },
       "inconclusive: 1 alert told"},
      {[](N& n) {
         n.fires("A", 6, 12);
         n.evidence().routing.reset();
       },
       "inconclusive: nobody routed alerts in this run"},
  };
  for (const auto& test : cases) EXPECT_EQ(judged(test.happened), test.judged);
}

/// 500 alerts of one incident, told in a few pages of all that fire by then.
TEST_F(Notifications, AnIncidentOfFiveHundredAlertsMakesFewPages) {
  std::vector<Labels> so_far;
  for (int i = 0; i < 500; ++i) {
    fires("DiskFull", 6 + 0.01 * i, 15).labels = instance_of("DiskFull", i);
    so_far.push_back(instance_of("DiskFull", i));
    if (i == 49 || i == 499) tell(i == 49 ? 6.5 : 11.5, so_far);
  }
  NotificationRecord& end = tell(16.5, so_far);
  end.firing = false;
  for (NotificationAlert& alert : end.alerts) alert.firing = false;
  auto& expectation = scenario_.expect.notifications.emplace_back();
  expectation.receiver = "on-call";
  expectation.count = at_most(3);
  expectation.pages = at_most(2);
  expectation.together = true;
  expectation.within_firing = minutes(5.5);
  expectation.within_resolving = minutes(5);
  Verdict verdict = judge(scenario_, evidence_);
  std::string seen;
  for (const Judgement& judgement : verdict.judgements) {
    seen += std::string(to_string(judgement.outcome)) + ' ' + judgement.claim + ": " +
            judgement.seen + '\n';
  }
  EXPECT_EQ(seen,
            "pass notifications: at most 3: 3 notifications: 1 first, 1 update, 1 resolved\n"
            "pass pages: at most 2: 2 pages: 1 first, 1 update\n"
            "pass is told within 5m30s of firing: 500 alerts, the slowest told 5m after firing, at "
            "11m30s (6m30s after fault): update to on-call by slack, DiskFull ×500\n"
            "pass is told within 5m of resolving: 500 alerts, the slowest told 1m30s after "
            "resolving, at 16m30s (1m30s after fault end): resolved to on-call by slack, DiskFull "
            "×500\n"
            "pass is told together: told at 11m30s (6m30s after fault): update to on-call by "
            "slack, DiskFull ×500\n");
  // The same incident without grouping: a page an alert.
  evidence_.notifications.clear();
  for (int i = 0; i < 500; ++i) {
    tell(7 + 0.01 * i, {instance_of("DiskFull", i)}).group_key = std::to_string(i);
  }
  verdict = judge(scenario_, evidence_);
  EXPECT_EQ(verdict.judgements[0].outcome, Outcome::kFail);
  EXPECT_EQ(verdict.judgements[0].seen, "500 notifications: 500 first");
  EXPECT_EQ(verdict.judgements[0].around.size(), 61U);
  EXPECT_EQ(verdict.judgements[4].seen,
            "at most 1 of 500 in one, told at 7m (2m after fault): first to on-call by slack, "
            "DiskFull {instance=\"node-0\"}; without DiskFull {instance=\"node-1\"}, DiskFull "
            "{instance=\"node-10\"}, DiskFull {instance=\"node-100\"} and 496 more");
}

TEST_F(Notifications, AFailureShowsWhatHappenedAround) {
  fires("A", 6, 12);
  fires("B", 6.5, 12);
  for (int i = 1; i <= 3; ++i) fires("A", 7, 12).labels = instance_of("A", i);
  suppress(Kind::kInhibited, "A", 6.25, 8, "Down");
  tell(6.5, "A", "office");
  tell(7, "B");
  auto& expectation = scenario_.expect.notifications.emplace_back();
  expectation.receiver = "on-call";
  expectation.alerts = {"A"};
  const Judgement judgement = judge_one();
  const std::vector<std::string> around = {
      "5m  fault begins: service error_rate 8%",
      "6m  A {severity=\"critical\"} firing",
      "6m15s  A {severity=\"critical\"} inhibited by Down from here",
      "6m30s  first to office by slack, A {severity=\"critical\"}",
      "7m  A ×3 firing",
      "7m  first to on-call by slack, B {severity=\"critical\"}",
      "8m  A {severity=\"critical\"} no longer inhibited by Down",
      "12m  A ×4 resolved",
      "15m  fault ends",
  };
  EXPECT_EQ(judgement.around, around);
  EXPECT_EQ(judgement.subject, "A to on-call");
  EXPECT_EQ(judgement.claim, "is told");
}

TEST_F(Notifications, LiveRunsGetOneIntervalOfGraceInScenarioTime) {
  evidence_.run.mode = RunMode::kLive;
  evidence_.run.time_scale = 60;
  AlertEpisode& fired = fires("A", 0, 0);
  fired.firing_at = kStart + std::chrono::milliseconds(6'000);  // 6m of scenario time
  fired.resolved_at.reset();
  NotificationRecord& record = tell(0, "A");
  auto& expectation = scenario_.expect.notifications.emplace_back();
  expectation.within_firing = std::chrono::seconds(30);
  record.at = kStart + std::chrono::milliseconds(6'740);  // 44.4 s later
  EXPECT_EQ(judge_one().outcome, Outcome::kPass);
  record.at = kStart + std::chrono::milliseconds(6'760);  // 45.6 s
  EXPECT_EQ(judge_one().outcome, Outcome::kFail);
  record.at = kStart + std::chrono::milliseconds(5'800);  // before its evaluation was recorded
  EXPECT_EQ(judge_one().outcome, Outcome::kPass);
}

}  // namespace
}  // namespace tocsin::assertions
