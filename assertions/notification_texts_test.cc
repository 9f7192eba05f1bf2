#include "assertions/test_notifications.h"

namespace tocsin::assertions {
namespace {

using N = NotificationTest;
using E = scenario::NotificationExpectation;

class NotificationTexts : public NotificationTest {};

TEST_F(NotificationTexts, SayWhatTheyShould) {
  const auto claim = [](E& e) {
    e.alerts = {"A"};
    e.contains = {"8%"};
  };
  run_all({
      {"in the title",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A").title = "8% fail";
       },
       claim, Outcome::kPass,
       "told at 6m30s (1m30s after fault): first to on-call by slack, A {severity=\"critical\"}"},
      {"in the text",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A").text = "so\n8% fail";
       },
       claim, Outcome::kPass,
       "told at 6m30s (1m30s after fault): first to on-call by slack, A {severity=\"critical\"}"},
      {"the second does not",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A").text = "8%";
         n.tell(9, "A").title = "nothing";
       },
       claim, Outcome::kFail,
       "told at 9m (4m after fault): repeat to on-call by slack, A {severity=\"critical\"}; "
       "title: nothing"},
      {"of its end nothing is asked",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A").text = "8%";
         n.tell_end(13, "A");
       },
       claim, Outcome::kPass,
       "told at 6m30s (1m30s after fault): first to on-call by slack, A {severity=\"critical\"}"},
      {"no page", [](N& n) { n.fires("A", 6, 12); }, claim, Outcome::kFail,
       "fired at 6m (1m after fault); nobody was told by its end, 12m"},
  });
}

TEST_F(NotificationTexts, LinkRunbooks) {
  const std::string url = "https://runbooks.example/a";
  const auto claim = [](E& e) {
    e.alerts = {"A"};
    e.runbook = true;
  };
  run_all({
      {"in the text",
       [&](N& n) {
         n.fires("A", 6, 12).annotations = {{"runbook_url", url}};
         n.tell(6.5, "A").text = "see " + url;
       },
       claim, Outcome::kPass,
       "told at 6m30s (1m30s after fault): first to on-call by slack, A {severity=\"critical\"}"},
      {"as data",
       [&](N& n) {
         n.fires("A", 6, 12);
         NotificationRecord& record = n.tell(6.5, "A");
         record.integration = "webhook";
         record.alerts.front().annotations = {{"runbook_url", url}};
       },
       claim, Outcome::kPass,
       "told at 6m30s (1m30s after fault): first to on-call by webhook, A "
       "{severity=\"critical\"}"},
      {"where no human sees it",
       [&](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A").alerts.front().annotations = {{"runbook_url", url}};
       },
       claim, Outcome::kFail,
       "https://runbooks.example/a of A {severity=\"critical\"} is not in the text; told at 6m30s "
       "(1m30s after fault): first to on-call by slack, A {severity=\"critical\"}"},
      {"there is none",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A");
       },
       claim, Outcome::kFail,
       "A {severity=\"critical\"} has no annotation runbook_url; told at 6m30s (1m30s after "
       "fault): first to on-call by slack, A {severity=\"critical\"}"},
      {"another alert has none",
       [&](N& n) {
         n.fires("A", 6, 12).annotations = {{"runbook_url", url}};
         n.fires("B", 6, 12);
         n.tell(6.5, {labels_of("A"), labels_of("B")}).text = url;
       },
       claim, Outcome::kPass, "told at 6m30s (1m30s after fault): first to on-call by slack, A, B"},
  });
}

}  // namespace
}  // namespace tocsin::assertions
