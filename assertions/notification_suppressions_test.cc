#include "assertions/test_notifications.h"

namespace tocsin::assertions {
namespace {

using Kind = Suppression::Kind;
using N = NotificationTest;
using E = scenario::NotificationExpectation;

class NotificationSuppressions : public NotificationTest {};

TEST_F(NotificationSuppressions, AreKeptBack) {
  const auto inhibited = [](E& e) {
    e.alerts = {"A"};
    e.inhibited_by = "Down";
  };
  const auto silenced = [](E& e) {
    e.alerts = {"A"};
    e.silenced_by = "a deploy";
  };
  const auto muted = [](E& e) {
    e.alerts = {"A"};
    e.muted_by = "nights";
  };
  run_all({
      {"inhibited",
       [](N& n) {
         n.fires("A", 6, 12);
         n.suppress(Kind::kInhibited, "A", 6, 10, "Down");
       },
       inhibited, Outcome::kPass, "inhibited by Down from 6m to 10m"},
      {"told when it was over",
       [](N& n) {
         n.fires("A", 6, 12);
         n.suppress(Kind::kInhibited, "A", 6, 10, "Down");
         n.tell(10, "A");
       },
       inhibited, Outcome::kPass, "inhibited by Down from 6m to 10m"},
      {"told all the same",
       [](N& n) {
         n.fires("A", 6, 12);
         n.suppress(Kind::kInhibited, "A", 6, 10, "Down");
         n.tell(9.5, "A", "office");
       },
       inhibited, Outcome::kFail,
       "inhibited by Down from 6m to 10m, but told at 9m30s (4m30s after fault): first to office "
       "by slack, A {severity=\"critical\"}"},
      {"by another alert",
       [](N& n) {
         n.fires("A", 6, 12);
         n.suppress(Kind::kInhibited, "A", 6, {}, "Slow");
       },
       inhibited, Outcome::kFail,
       "fired at 6m (1m after fault); inhibited by Slow from 6m to the end"},
      {"another alert was",
       [](N& n) {
         n.fires("A", 6, 12);
         n.tell(6.5, "A");
         n.suppress(Kind::kInhibited, "B", 6, 10, "Down");
       },
       inhibited, Outcome::kFail,
       "fired at 6m (1m after fault) and was told at 6m30s (1m30s after fault): first to on-call "
       "by slack, A {severity=\"critical\"}"},
      {"at another time",
       [](N& n) {
         n.fires("A", 6, 12);
         n.suppress(Kind::kInhibited, "A", 13, 15, "Down");
       },
       inhibited, Outcome::kFail, "fired at 6m (1m after fault); nobody was told by its end, 12m"},
      {"it never fired", [](N& n) { n.suppress(Kind::kInhibited, "A", 13, 15, "Down"); }, inhibited,
       Outcome::kFail, "A never fired"},
      {"silenced",
       [](N& n) {
         n.fires("A", 6, 12);
         n.suppress(Kind::kSilenced, "A", 6, {}, "a deploy");
       },
       silenced, Outcome::kPass, "silenced by \"a deploy\" from 6m to the end"},
      {"inhibited instead",
       [](N& n) {
         n.fires("A", 6, 12);
         n.suppress(Kind::kInhibited, "A", 6, {}, "a deploy");
       },
       silenced, Outcome::kFail,
       "fired at 6m (1m after fault); inhibited by a deploy from 6m to the end"},
      {"muted",
       [](N& n) {
         n.fires("A", 6, 12);
         n.suppress(Kind::kMuted, "A", 6, 9, "nights");
       },
       muted, Outcome::kPass, "muted by nights from 6m to 9m"},
      {"on weekends instead",
       [](N& n) {
         n.fires("A", 6, 12);
         n.suppress(Kind::kMuted, "A", 6, 9, "weekends");
       },
       muted, Outcome::kFail, "fired at 6m (1m after fault); muted by weekends from 6m to 9m"},
      {"cut short",
       [](N& n) {
         n.fires("A", 6, {});
         n.suppress(Kind::kMuted, "A", 6, {}, "nights");
         n.stop_at(9);
       },
       muted, Outcome::kInconclusive, "muted by nights from 6m to the end"},
  });
}

}  // namespace
}  // namespace tocsin::assertions
