#include "assertions/test_notifications.h"

namespace tocsin::assertions {
namespace {

using N = NotificationTest;
using E = scenario::NotificationExpectation;

class NotificationGroups : public NotificationTest {};

TEST_F(NotificationGroups, ComeTogether) {
  const auto both = [](E& e) {
    e.alerts = {"A", "B"};
    e.together = true;
  };
  const auto instances = [](E& e) {
    e.alerts = {"A"};
    e.together = true;
  };
  const auto fire_three = [](N& n) {
    for (int i = 1; i <= 3; ++i) n.fires("A", 6, 12).labels = instance_of("A", i);
  };
  run_all({
      {"both",
       [](N& n) {
         n.fires("A", 6, 12);
         n.fires("B", 6, 12);
         n.tell(6.5, "A");
         n.tell(7, {labels_of("A"), labels_of("B")});
       },
       both, Outcome::kPass, "told at 7m (2m after fault): update to on-call by slack, A, B"},
      {"one after the other",
       [](N& n) {
         n.fires("A", 6, 12);
         n.fires("B", 6, 12);
         n.tell(6.5, "A");
         n.tell(7, "B");
       },
       both, Outcome::kFail,
       "at most 1 of 2 in one, told at 6m30s (1m30s after fault): first to on-call by slack, A "
       "{severity=\"critical\"}; without B"},
      {"one did not fire",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A");
       },
       both, Outcome::kFail, "B never fired"},
      {"all instances",
       [&](N& n) {
         fire_three(n);
         n.tell(7, {instance_of("A", 1), instance_of("A", 2), instance_of("A", 3)});
       },
       instances, Outcome::kPass, "told at 7m (2m after fault): first to on-call by slack, A ×3"},
      {"some instances",
       [&](N& n) {
         fire_three(n);
         n.tell(7, {instance_of("A", 1), instance_of("A", 2)});
         n.tell(7, {instance_of("A", 3)});
       },
       instances, Outcome::kFail,
       "at most 2 of 3 in one, told at 7m (2m after fault): first to on-call by slack, A ×2; "
       "without A {instance=\"node-3\"}"},
      {"one alone",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A");
       },
       instances, Outcome::kFail, "only one alert fired: A {severity=\"critical\"}"},
      {"nobody was told", fire_three, instances, Outcome::kFail,
       "A {instance=\"node-1\"} fired at 6m (1m after fault); nobody was told by its end, 12m"},
  });
}

TEST_F(NotificationGroups, ComeApart) {
  const auto claim = [](E& e) {
    e.alerts = {"A", "B"};
    e.apart = true;
  };
  const auto fire_both = [](N& n) {
    n.fires("A", 6, 12);
    n.fires("B", 6, 12);
  };
  run_all({
      {"apart",
       [&](N& n) {
         fire_both(n);
         n.tell(6.5, "A");
         n.tell(6.5, "B");
       },
       claim, Outcome::kPass, "2 in 2 pages"},
      {"two instances of one are not two alerts",
       [&](N& n) {
         fire_both(n);
         n.tell(6.5, {labels_of("A"), instance_of("A", 7)});
         n.tell(6.5, "B");
       },
       claim, Outcome::kPass, "2 in 2 pages"},
      {"together once",
       [&](N& n) {
         fire_both(n);
         n.tell(6.5, "A");
         n.tell(7, {labels_of("A"), labels_of("B")});
       },
       claim, Outcome::kFail,
       "A, B in one, told at 7m (2m after fault): update to on-call by slack, A, B"},
      {"what is not told is not apart",
       [&](N& n) {
         fire_both(n);
         n.tell(6.5, "A");
       },
       claim, Outcome::kFail,
       "B {severity=\"critical\"} fired at 6m (1m after fault); nobody was told by its end, 12m"},
      {"instances",
       [](N& n) {
         n.fires("A", 6, 12).labels = instance_of("A", 1);
         n.fires("A", 6, 12).labels = instance_of("A", 2);
         n.tell(7, {instance_of("A", 1), instance_of("A", 2)});
       },
       [](E& e) {
         e.alerts = {"A"};
         e.apart = true;
       },
       Outcome::kFail,
       "A {instance=\"node-1\"}, A {instance=\"node-2\"} in one, told at 7m (2m after fault): "
       "first to on-call by slack, A ×2"},
  });
}

}  // namespace
}  // namespace tocsin::assertions
