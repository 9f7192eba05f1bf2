#include "assertions/test_notifications.h"

namespace tocsin::assertions {
namespace {

using N = NotificationTest;
using E = scenario::NotificationExpectation;

class NotificationScope : public NotificationTest {};

TEST_F(NotificationScope, AreFiltered) {
  const auto happened = [](N& n) {
    n.fires("A", 6, 12);
    n.fires("B", 7, 12);
    n.tell(6.5, "A").integration = "email";
    n.tell(7.5, "B");
  };
  const auto happened_in_eu = [&](N& n) {
    happened(n);
    auto system = std::make_shared<scenario::System>();
    system->external_labels = {{"cluster", "eu"}};
    n.scenario().system = system;
    for (NotificationRecord& record : n.evidence().notifications) {
      Labels& alert = record.alerts.front().labels;
      alert = alert.with("cluster", "eu");
    }
  };
  const char* const b =
      "told at 7m30s (2m30s after fault): first to on-call by slack, B "
      "{severity=\"critical\"}";
  run_all({
      {"by integration", happened, [](E& e) { e.integration = "slack"; }, Outcome::kPass, b},
      {"by alert", happened, [](E& e) { e.alerts = {"B"}; }, Outcome::kPass, b},
      {"by window", happened, [](E& e) { e.window = window(7, 9); }, Outcome::kPass, b},
      {"by labels", happened,
       [](E& e) {
         e.labels = {{"severity", "warning"}};
       },
       Outcome::kFail, "no such alert fired"},
      {"by an external label", happened_in_eu,
       [](E& e) {
         e.labels = {{"cluster", "eu"}};
         e.alerts = {"B"};
       },
       Outcome::kPass, b},
      {"by another value of it", happened_in_eu,
       [](E& e) {
         e.labels = {{"cluster", "us"}};
       },
       Outcome::kFail, "no such alert fired"},
  });
}

}  // namespace
}  // namespace tocsin::assertions
