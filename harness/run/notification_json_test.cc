#include "harness/run/notification_json.h"

#include <functional>
#include <memory>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/scratch_folder.h"
#include "harness/metrics/store.h"
#include "harness/run/evidence_file.h"
#include "harness/run/evidence_json.h"

namespace tocsin::run {
namespace {

using nlohmann::json;

constexpr Timestamp kBegin = from_ms(1'767'571'200'000);

NotificationAlert told_alert(int n, bool firing = true) {
  NotificationAlert alert;
  alert.labels = {{"alertname", "DiskFull"}, {"instance", "node-" + std::to_string(n)}};
  alert.annotations = {{"runbook_url", "https://runbooks.example/disk"},
                       {"summary", "the disk of node-" + std::to_string(n) + " is full"}};
  alert.starts_at = kBegin + std::chrono::minutes(2);
  alert.firing = firing;
  if (!firing) alert.ends_at = kBegin + std::chrono::minutes(9);
  return alert;
}

NotificationRecord told(int minute, std::vector<NotificationAlert> alerts) {
  NotificationRecord record;
  record.at = kBegin + std::chrono::minutes(minute);
  record.receiver = "on-call";
  record.integration = "pagerduty";
  record.group_key = "{}:{alertname=\"DiskFull\"}";
  record.group_labels = {{"alertname", "DiskFull"}};
  record.alerts = std::move(alerts);
  record.reason = "first notification";
  record.title = "[FIRING:1] DiskFull";
  record.text = "a disk is full";
  return record;
}

Evidence routed() {
  Evidence evidence;
  evidence.samples = std::make_shared<metrics::Store>();
  evidence.routing =
      RoutingInfo{"nobody",
                  {{"nobody", {}}, {"on-call", {"pagerduty", "email"}}},
                  {{told_alert(1).labels, {"on-call", "nobody"}, std::chrono::seconds(30), false},
                   {told_alert(2).labels, {"nobody"}, std::chrono::seconds(30), true},
                   {told_alert(3).labels, {"nobody"}, std::chrono::seconds(30), false}}};
  NotificationRecord failed = told(3, {told_alert(1)});
  failed.integration_index = 1;
  failed.attempt = 2;
  failed.status = 503;
  failed.delivered = false;
  failed.error = "503 Service Unavailable";
  NotificationRecord last = told(10, {told_alert(1, false), told_alert(2)});
  last.alerts.front().ends_at.reset();
  NotificationRecord odd = told(11, {});
  odd.firing = false;
  odd.title = "no UTF-8: \xff";
  evidence.notifications = {failed, told(4, {told_alert(1), told_alert(2)}),
                            told(5, {told_alert(1, false), told_alert(2)}), last, odd};
  evidence.suppressions = {
      {Suppression::Kind::kInhibited, told_alert(3).labels, kBegin,
       kBegin + std::chrono::minutes(4), Labels{{"alertname", "ServiceDown"}}, ""},
      {Suppression::Kind::kMuted, told_alert(4).labels, kBegin, std::nullopt, {}, "nights"}};
  return evidence;
}

TEST(NotificationJson, ReadsBackWhatItWrote) {
  const Evidence evidence = routed();
  const ScratchFolder folder;
  save_evidence(evidence, folder.path("e.gz")).value();
  const Evidence again = load_evidence(folder.path("e.gz")).value();
  ASSERT_EQ(again.notifications.size(), evidence.notifications.size());
  const NotificationRecord& failed = again.notifications[0];
  EXPECT_EQ(failed.integration_index, 1U);
  EXPECT_EQ(failed.attempt, 2);
  EXPECT_EQ(failed.status, 503);
  EXPECT_FALSE(failed.delivered);
  EXPECT_EQ(failed.error, "503 Service Unavailable");
  const NotificationRecord& mixed = again.notifications[2];
  EXPECT_EQ(mixed.at, kBegin + std::chrono::minutes(5));
  EXPECT_EQ(mixed.group_labels, evidence.notifications[2].group_labels);
  ASSERT_EQ(mixed.alerts.size(), 2U);
  EXPECT_FALSE(mixed.alerts[0].firing);
  EXPECT_EQ(mixed.alerts[0].ends_at, kBegin + std::chrono::minutes(9));
  EXPECT_EQ(mixed.alerts[0].annotations, told_alert(1).annotations);
  EXPECT_EQ(mixed.alerts[1].labels, told_alert(2).labels);
  EXPECT_EQ(mixed.alerts[1].starts_at, told_alert(2).starts_at);
  EXPECT_TRUE(mixed.alerts[1].firing);
  EXPECT_FALSE(again.notifications[3].alerts[0].firing);
  EXPECT_FALSE(again.notifications[3].alerts[0].ends_at.has_value());
  EXPECT_TRUE(again.notifications[4].alerts.empty());
  EXPECT_EQ(again.notifications[4].title, "no UTF-8: \xEF\xBF\xBD");
  ASSERT_TRUE(again.routing.has_value());
  EXPECT_EQ(again.routing->default_receiver, "nobody");
  EXPECT_EQ(again.routing->receivers.at(1).integrations.at(1), "email");
  EXPECT_EQ(again.routing->alerts.at(0).receivers.at(0), "on-call");
  EXPECT_EQ(again.routing->alerts.at(0).told_within, std::chrono::seconds(30));
  EXPECT_TRUE(again.routing->alerts.at(1).fell_through);
  EXPECT_FALSE(again.routing->alerts.at(2).fell_through);
  ASSERT_EQ(again.suppressions.size(), 2U);
  EXPECT_EQ(again.suppressions[0].by.get("alertname"), "ServiceDown");
  EXPECT_EQ(again.suppressions[0].to, kBegin + std::chrono::minutes(4));
  EXPECT_EQ(again.suppressions[1].kind, Suppression::Kind::kMuted);
  EXPECT_FALSE(again.suppressions[1].to.has_value());
  EXPECT_EQ(again.suppressions[1].name, "nights");
  // And nothing that this test does not name was lost.
  Evidence without_odd = evidence;
  without_odd.notifications[4].title = again.notifications[4].title;
  EXPECT_EQ(evidence_to_json(without_odd), evidence_to_json(again));
}

/// Then, what only the root's receiver was told had fallen to it.
TEST(NotificationJson, AFileFromBeforeItSaidWhatFellThrough) {
  json object = evidence_to_json(routed());
  for (json& alert : object.at("routing").at("alerts")) alert.erase("fell_through");
  const Evidence again = evidence_from_json(object);
  EXPECT_FALSE(again.routing->alerts.at(0).fell_through);
  EXPECT_TRUE(again.routing->alerts.at(1).fell_through);
  EXPECT_TRUE(again.routing->alerts.at(2).fell_through);
}

TEST(NotificationJson, AFileFromBeforeThereWereAny) {
  Evidence evidence;
  json object = evidence_to_json(evidence);
  for (const char* member : {"routing", "notified", "suppressions"}) {
    EXPECT_FALSE(object.contains(member)) << member;
  }
  const Evidence again = evidence_from_json(object);
  EXPECT_FALSE(again.routing.has_value());
  EXPECT_TRUE(again.notifications.empty());
  EXPECT_TRUE(again.suppressions.empty());
}

/// 500 alerts that are repeated for a day, each time with all their text.
TEST(NotificationJson, AnIncidentThatIsRepeatedStaysSmall) {
  Evidence evidence;
  evidence.samples = std::make_shared<metrics::Store>();
  std::vector<NotificationAlert> alerts;
  for (int n = 0; n < 500; ++n) alerts.push_back(told_alert(n));
  for (int n = 0; n < 288; ++n) {
    evidence.notifications.push_back(told(5 * n, alerts));
    evidence.notifications.back().text = std::string(100'000, 'x');
  }
  EXPECT_LT(evidence_to_json(evidence).dump().size(), 400'000U);
  const ScratchFolder folder;
  save_evidence(evidence, folder.path("e.gz")).value();
  EXPECT_LT(read_file(folder.path("e.gz")).value().size(), 30'000U);
  const Evidence again = load_evidence(folder.path("e.gz")).value();
  EXPECT_EQ(again.notifications.back().alerts.size(), 500U);
  EXPECT_EQ(again.notifications.back().text, evidence.notifications.back().text);
}

/// A small file whose alerts, told again and again, would take all memory.
TEST(NotificationJson, RefusesABomb) {
  Evidence evidence;
  evidence.notifications = {told(1, {told_alert(1)})};
  json object = evidence_to_json(evidence);
  json& notified = object["notified"];
  notified["lists"][0] = std::vector<int>(10'000, 0);
  const json one = notified["notifications"][0];
  for (int n = 0; n < 1'000; ++n) notified["notifications"].push_back(one);
  EXPECT_THROW(evidence_from_json(object), json::exception);
}

TEST(NotificationJson, RefusesWhatNoRunWrites) {
  struct Case {
    const char* name;
    std::function<void(json&)> change;
  };
  const Case cases[] = {
      {"no such alert", [](json& j) { j["notified"]["lists"][0][0] = 99; }},
      {"negative alert", [](json& j) { j["notified"]["lists"][0][0] = -1; }},
      {"text for an alert", [](json& j) { j["notified"]["lists"][0][0] = "x"; }},
      {"empty alert", [](json& j) { j["notified"]["lists"][0][0] = json::array(); }},
      {"no such list", [](json& j) { j["notified"]["notifications"][0]["alerts"] = 99; }},
      {"no such text", [](json& j) { j["notified"]["notifications"][0]["text"] = 99; }},
      {"number for a text", [](json& j) { j["notified"]["texts"][0] = 1; }},
      {"no time", [](json& j) { j["notified"]["notifications"][0].erase("at"); }},
      {"time too late",
       [](json& j) { j["notified"]["notifications"][0]["at"] = std::int64_t{1} << 60; }},
      {"start too late", [](json& j) { j["notified"]["alerts"][0][2] = std::int64_t{1} << 60; }},
      {"no labels", [](json& j) { j["notified"]["alerts"][0] = json::array(); }},
      {"unknown kind", [](json& j) { j["suppressions"][0]["kind"] = 9; }},
      {"no alert", [](json& j) { j["suppressions"][0].erase("alert"); }},
      {"receivers", [](json& j) { j["routing"]["receivers"] = json::array({1}); }},
      {"routing", [](json& j) { j["routing"] = 7; }},
      {"told within", [](json& j) { j["routing"]["alerts"][0]["told_within"] = "soon"; }},
  };
  const json good = evidence_to_json(routed());
  EXPECT_NO_THROW(evidence_from_json(good));
  for (const Case& test : cases) {
    json changed = good;
    test.change(changed);
    EXPECT_THROW(evidence_from_json(changed), json::exception) << test.name;
  }
}

}  // namespace
}  // namespace tocsin::run
