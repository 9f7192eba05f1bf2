#include "assertions/test_notifications.h"

namespace tocsin::assertions {
namespace {

using scenario::ValueClaim;
using Kind = Suppression::Kind;
using N = NotificationTest;
using E = scenario::NotificationExpectation;

class NotificationCounts : public NotificationTest {};

TEST_F(NotificationCounts, AreThere) {
  const auto claim = [](E& e) {
    e.receiver = "on-call";
    e.alerts = {"A"};
  };
  run_all({
      {"told",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A");
       },
       claim, Outcome::kPass,
       "told at 6m30s (1m30s after fault): first to on-call by slack, A {severity=\"critical\"}"},
      {"never fired", [](N& n) { n.episode("A", 5, std::nullopt, 7); }, claim, Outcome::kFail,
       "A never fired"},
      {"nobody was told", [](N& n) { n.fires("A", 6, 12); }, claim, Outcome::kFail,
       "fired at 6m (1m after fault); nobody was told by its end, 12m"},
      {"until the end", [](N& n) { n.fires("A", 6, std::nullopt); }, claim, Outcome::kFail,
       "fired at 6m (1m after fault); nobody was told by the end, 20m"},
      {"somebody else was told",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A", "office");
       },
       claim, Outcome::kFail,
       "fired at 6m (1m after fault); office by slack was told at 6m30s instead"},
      {"the default receiver was told",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A", "nobody");
       },
       claim, Outcome::kFail,
       "fired at 6m (1m after fault); the default receiver nobody by slack was told at 6m30s "
       "instead"},
      {"it fell into a black hole",
       [](N& n) {
         n.fires("A", 6, 12);
         n.route("A", {"nobody"});
       },
       claim, Outcome::kFail,
       "fired at 6m (1m after fault); its route leads to nobody, which has no integrations; "
       "nobody was told by its end, 12m"},
      {"it was kept back",
       [](N& n) {
         n.fires("A", 6, 12);
         n.suppress(Kind::kInhibited, "A", 6, 12, "Down");
       },
       claim, Outcome::kFail, "fired at 6m (1m after fault); inhibited by Down from 6m to 12m"},
      {"it could not be delivered",
       [](N& n) {
         n.fires("A", 6, 12);
         n.fail_delivery(6.5, "A", 1);
         n.fail_delivery(6.6, "A", 2);
       },
       claim, Outcome::kFail,
       "fired at 6m (1m after fault); tried at 6m36s to on-call by slack, not delivered: 503 (2 "
       "attempts)"},
      {"the end alone is no page",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell_end(12, "A");
       },
       claim, Outcome::kFail, "fired at 6m (1m after fault); nobody was told by its end, 12m"},
      {"the run was cut short",
       [](N& n) {
         n.fires("A", 6, {});
         n.stop_at(8);
       },
       claim, Outcome::kInconclusive,
       "fired at 6m (1m after fault); nobody was told by the end, 8m (the run ended at 8m)"},
      {"nobody routed",
       [](N& n) {
         n.fires("A", 6, 12);
         n.evidence().routing.reset();
       },
       claim, Outcome::kInconclusive, "nobody routed alerts in this run"},
  });
}

TEST_F(NotificationCounts, NeverCome) {
  const auto claim = [](E& e) {
    e.receiver = "on-call";
    e.alerts = {"A"};
    e.never = true;
  };
  run_all({
      {"did not fire", [](N&) {}, claim, Outcome::kPass, "A never fired"},
      {"told elsewhere",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(7, "A", "office");
       },
       claim, Outcome::kPass,
       "fired at 6m (1m after fault); office by slack was told at 7m instead"},
      {"told",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(7, "A");
         n.tell_end(13, "A");
       },
       claim, Outcome::kFail,
       "told at 7m (2m after fault): first to on-call by slack, A {severity=\"critical\"}, and 1 "
       "more time"},
      {"its end was told",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell_end(13, "A");
       },
       claim, Outcome::kFail,
       "told at 13m (8m after fault): resolved to on-call by slack, A {severity=\"critical\"}"},
      {"tried in vain",
       [](N& n) {
         n.fires("A", 6, 12);
         n.fail_delivery(7, "A", 1);
       },
       claim, Outcome::kFail,
       "tried at 7m (2m after fault): first to on-call by slack, A {severity=\"critical\"}, not "
       "delivered: 503"},
      {"cut short", [](N& n) { n.stop_at(8); }, claim, Outcome::kInconclusive, "A never fired"},
      {"an alert of nobody's rules", [](N& n) { n.tell(7, "A"); }, claim, Outcome::kFail,
       "told at 7m (2m after fault): first to on-call by slack, A {severity=\"critical\"}"},
  });
}

TEST_F(NotificationCounts, AreCounted) {
  const auto happened = [](N& n) {
    n.fires("A", 6, 12);
    n.fail_delivery(6.25, "A", 1);
    n.tell(6.5, "A").attempt = 2;
    n.tell(10, "A");
    n.tell_end(13, "A");
    n.tell(10, "A", "office");
  };
  const auto count = [](ValueClaim claim) {
    return [=](E& e) {
      e.receiver = "on-call";
      e.count = claim;
    };
  };
  const auto pages = [](ValueClaim claim) {
    return [=](E& e) {
      e.receiver = "on-call";
      e.pages = claim;
    };
  };
  const char* const three = "3 notifications: 1 first, 1 repeat, 1 resolved";
  run_all({
      {"as many", happened, count(exactly(3)), Outcome::kPass, three},
      {"fewer", happened, count(at_most(4)), Outcome::kPass, three},
      {"more", happened, count(at_most(2)), Outcome::kFail, three},
      {"pages", happened, pages(exactly(2)), Outcome::kPass, "2 pages: 1 first, 1 repeat"},
      {"too many pages", happened, pages(at_most(1)), Outcome::kFail, "2 pages: 1 first, 1 repeat"},
      {"none", [](N& n) { n.fires("A", 6, 12); }, count(exactly(1)), Outcome::kFail,
       "0 notifications; fired at 6m (1m after fault); nobody was told by its end, 12m"},
      {"so far too many",
       [&](N& n) {
         happened(n);
         n.stop_at(15);
       },
       count(at_most(2)), Outcome::kFail, three},
      {"so far few enough",
       [&](N& n) {
         happened(n);
         n.stop_at(15);
       },
       count(at_most(3)), Outcome::kInconclusive, three},
      {"so far too few",
       [&](N& n) {
         happened(n);
         n.stop_at(15);
       },
       count(exactly(4)), Outcome::kInconclusive,
       "3 notifications: 1 first, 1 repeat, 1 resolved (the run ended at 15m)"},
  });
}

TEST_F(NotificationCounts, TakeAttempts) {
  const auto happened = [](N& n) {
    n.fires("A", 6, 12);
    n.fail_delivery(6.25, "A", 1);
    n.fail_delivery(6.3, "A", 2);
    n.tell(6.5, "A").attempt = 3;
    n.tell(10, "A");
  };
  const char* const three =
      "3 attempts, told at 6m30s (1m30s after fault): first to on-call by slack, A "
      "{severity=\"critical\"}, at attempt 3 after 503";
  run_all({
      {"as many", happened, [](E& e) { e.attempts = exactly(3); }, Outcome::kPass, three},
      {"more", happened, [](E& e) { e.attempts = at_most(2); }, Outcome::kFail, three},
      {"none", [](N&) {}, [](E& e) { e.attempts = at_most(2); }, Outcome::kFail,
       "no such alert fired"},
  });
}

}  // namespace
}  // namespace tocsin::assertions
