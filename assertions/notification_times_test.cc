#include "assertions/test_notifications.h"

namespace tocsin::assertions {
namespace {

using scenario::ValueClaim;
using N = NotificationTest;
using E = scenario::NotificationExpectation;

class NotificationTimes : public NotificationTest {};

TEST_F(NotificationTimes, ComeFirstInAWindow) {
  const auto claim = [](E& e) {
    e.alerts = {"A"};
    e.at = window(6, 8);
  };
  run_all({
      {"in it",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(7, "A");
         n.tell(10, "A");
       },
       claim, Outcome::kPass,
       "told at 7m (2m after fault): first to on-call by slack, A {severity=\"critical\"}"},
      {"before it",
       [](N& n) {
         n.fires("A", 5, 12);
         n.tell(5.5, "A");
         n.tell(7, "A");
       },
       claim, Outcome::kFail,
       "told at 5m30s (30s after fault): first to on-call by slack, A {severity=\"critical\"}"},
      {"after it",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(9, "A");
       },
       claim, Outcome::kFail,
       "told at 9m (4m after fault): first to on-call by slack, A {severity=\"critical\"}"},
      {"cut short before it ends",
       [](N& n) {
         n.fires("A", 6, {});
         n.stop_at(7);
       },
       claim, Outcome::kInconclusive,
       "fired at 6m (1m after fault); nobody was told by the end, 7m (the run ended at 7m)"},
      {"cut short afterwards",
       [](N& n) {
         n.fires("A", 6, {});
         n.stop_at(9);
       },
       claim, Outcome::kFail, "fired at 6m (1m after fault); nobody was told by the end, 9m"},
  });
}

TEST_F(NotificationTimes, ComeSoonAfterFiring) {
  const auto claim = [](E& e) {
    e.alerts = {"A"};
    e.within_firing = std::chrono::seconds(30);
  };
  const auto instances = [](N& n, double third) {
    for (int i = 1; i <= 3; ++i) n.fires("A", 6, 12).labels = instance_of("A", i);
    n.tell(6.25, {instance_of("A", 1), instance_of("A", 2)});
    n.tell(third, {instance_of("A", 1), instance_of("A", 2), instance_of("A", 3)});
  };
  run_all({
      {"soon",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A");
       },
       claim, Outcome::kPass,
       "told 30s after firing, at 6m30s (1m30s after fault): first to on-call by slack, A "
       "{severity=\"critical\"}"},
      {"late",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(7, "A");
       },
       claim, Outcome::kFail,
       "told 1m after firing, at 7m (2m after fault): first to on-call by slack, A "
       "{severity=\"critical\"}"},
      {"each firing counts",
       [](N& n) {
         n.fires("A", 6, 7);
         n.fires("A", 10, 12);
         n.tell(6.5, "A");
         n.tell(11, "A");
       },
       claim, Outcome::kFail,
       "1 of 2 alerts were not; A {severity=\"critical\"} told 1m after firing, at 11m (6m after "
       "fault): repeat to on-call by slack, A {severity=\"critical\"}"},
      {"one of several is late", [&](N& n) { instances(n, 7); }, claim, Outcome::kFail,
       "1 of 3 alerts were not; A {instance=\"node-3\"} told 1m after firing, at 7m (2m after "
       "fault): update to on-call by slack, A ×3"},
      {"all are in time", [&](N& n) { instances(n, 6.5); }, claim, Outcome::kPass,
       "3 alerts, the slowest told 30s after firing, at 6m30s (1m30s after fault): update to "
       "on-call by slack, A ×3"},
      {"over before anybody knew", [](N& n) { n.fires("A", 6, 6.25); }, claim, Outcome::kFail,
       "fired at 6m (1m after fault); nobody was told by its end, 6m15s"},
      {"at the end of the run", [](N& n) { n.fires("A", 19.75, {}); }, claim,
       Outcome::kInconclusive, "the run ended 30s after firing or sooner, 1 alert untold so far"},
      {"in another window", [](N& n) { n.fires("A", 6, 12); },
       [&](E& e) {
         claim(e);
         e.window = window(14, 16);
       },
       Outcome::kFail, "none fired in this time"},
      {"it never fired", [](N&) {}, claim, Outcome::kFail, "A never fired"},
  });
}

TEST_F(NotificationTimes, ComeSoonAfterResolving) {
  const auto claim = [](E& e) {
    e.alerts = {"A"};
    e.within_resolving = minutes(5);
  };
  run_all({
      {"soon",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(7, "A");
         n.tell_end(14, "A");
       },
       claim, Outcome::kPass,
       "told 2m after resolving, at 14m (9m after fault): resolved to on-call by slack, A "
       "{severity=\"critical\"}"},
      {"late",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(7, "A");
         n.tell_end(18, "A");
       },
       claim, Outcome::kFail,
       "told 6m after resolving, at 18m (3m after fault end): resolved to on-call by slack, A "
       "{severity=\"critical\"}"},
      {"not at all",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(7, "A");
       },
       claim, Outcome::kFail,
       "resolved at 12m (7m after fault); that was not told by the end, 20m"},
      {"nor that it fires", [](N& n) { n.fires("A", 6, 12); }, claim, Outcome::kFail,
       "resolved at 12m (7m after fault); that was not told by the end, 20m, nor was its firing"},
      {"it fired again",
       [](N& n) {
         n.fires("A", 6, 12);
         n.fires("A", 13, {});
         n.tell(7, "A");
       },
       claim, Outcome::kFail,
       "resolved at 12m (7m after fault); that was not told by 13m, when it fired again"},
      {"it fires on",
       [](N& n) {
         n.fires("A", 6, {});
         n.tell(7, "A");
       },
       claim, Outcome::kFail, "still fires at the end"},
      {"at the end of the run",
       [](N& n) {
         n.fires("A", 6, 18);
         n.tell(7, "A");
       },
       claim, Outcome::kInconclusive,
       "the run ended 5m after resolving or sooner, 1 alert untold so far"},
  });
}

TEST_F(NotificationTimes, AreRepeated) {
  const auto claim = [](E& e) {
    e.repeats = JudgeTest::claim(ValueClaim::Kind::kBetween, 240, 300);
  };
  run_all({
      {"in time",
       [](N& n) {
         n.fires("A", 6, {});
         n.tell(6, "A");
         n.tell(10, "A");
         n.tell(15, "A");
       },
       claim, Outcome::kPass,
       "2 repeats, the last repeated after 5m, at 15m (0s after fault end), to "
       "on-call by slack"},
      {"too soon",
       [](N& n) {
         n.fires("A", 6, {});
         n.tell(6, "A");
         n.tell(9, "A");
       },
       claim, Outcome::kFail, "repeated after 3m, at 9m (4m after fault), to on-call by slack"},
      {"what is new is no repeat",
       [](N& n) {
         n.fires("A", 6, {});
         n.fires("B", 6, {});
         n.tell(6, "A");
         n.tell(7, {labels_of("A"), labels_of("B")});
         n.tell(11, {labels_of("A"), labels_of("B")});
       },
       claim, Outcome::kPass, "repeated after 4m, at 11m (6m after fault), to on-call by slack"},
      {"told once",
       [](N& n) {
         n.fires("A", 6, {});
         n.tell(6, "A");
       },
       claim, Outcome::kFail,
       "no repeat; last told at 6m (1m after fault): first to on-call by slack, A "
       "{severity=\"critical\"}"},
      {"told again after its end",
       [](N& n) {
         n.fires("A", 6, {});
         n.tell(6, "A");
         n.tell_end(8, "A");
         n.tell(10, "A");
       },
       claim, Outcome::kFail,
       "no repeat; last told at 10m (5m after fault): first to on-call by slack, A "
       "{severity=\"critical\"}"},
      {"cut short",
       [](N& n) {
         n.fires("A", 6, {});
         n.tell(6, "A");
         n.stop_at(8);
       },
       claim, Outcome::kInconclusive,
       "no repeat; last told at 6m (1m after fault): first to on-call by slack, A "
       "{severity=\"critical\"} (the run ended at 8m)"},
  });
}

}  // namespace
}  // namespace tocsin::assertions
