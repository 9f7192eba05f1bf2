#include "harness/run/told_alerts.h"

#include <gtest/gtest.h>

#include "harness/alerting/alert.h"

namespace tocsin::run {
namespace {

constexpr const char* kTold = R"(
route:
  receiver: team
  group_by: [alertname]
  routes: [{matchers: [severity="critical"], receiver: pager, group_by: [severity]}]
receivers: [{name: team}, {name: pager}]
)";

class ToldAlertsTest : public testing::Test {
 protected:
  void SetUp() override {
    Diagnostics diagnostics;
    config_ = alerting::parse_config("alertmanager.yml", kTold, diagnostics);
    ASSERT_TRUE(diagnostics.ok());
    add("Down", "critical", 100, 400);
    add("Slow", "warning", 200, {});
    told_.emplace(*config_, episodes_, std::map<std::string, std::string>{{"cluster", "c1"}});
  }

  void add(const char* alert, const char* severity, int firing, std::optional<int> resolved) {
    AlertEpisode& episode = episodes_.emplace_back();
    episode.alert = alert;
    episode.labels = Labels{{"alertname", alert}, {"severity", severity}};
    episode.firing_at = from_ms(firing);
    if (resolved) episode.resolved_at = from_ms(*resolved);
  }

  static Labels sent(const char* alert, const char* severity) {
    return {{"alertname", alert}, {"cluster", "c1"}, {"severity", severity}};
  }

  receivers::Received received(const char* receiver, int at, const std::string& title) const {
    receivers::Received one;
    one.record.receiver = receiver;
    one.record.integration = "opsgenie";
    one.record.at = from_ms(at);
    one.record.title = title;
    one.identity = "alias";
    return one;
  }

  std::shared_ptr<const alerting::Config> config_;
  std::vector<AlertEpisode> episodes_;
  std::optional<ToldAlerts> told_;
};

TEST_F(ToldAlertsTest, TheMarkKnowsBest) {
  receivers::Received one = received("pager", 150, "Slow");
  const auto down = alerting::fingerprint(sent("Down", "critical"));
  one.details["mark"] = "tocsin1/severity=critical&/" + alerting::fingerprint_text(down) + ",//";
  const NotificationRecord record = told_->complete(one);
  EXPECT_TRUE(record.firing);
  EXPECT_EQ(record.group_labels, (Labels{{"severity", "critical"}}));
  ASSERT_EQ(record.alerts.size(), 1u);
  EXPECT_EQ(record.alerts[0].labels, sent("Down", "critical"));
  EXPECT_EQ(record.alerts[0].starts_at, from_ms(100));

  // Its end has no mark, but the same alias.
  receivers::Received over = received("pager", 450, "");
  over.record.firing = false;
  const NotificationRecord end = told_->complete(over);
  EXPECT_EQ(end.group_labels, (Labels{{"severity", "critical"}}));
  ASSERT_EQ(end.alerts.size(), 1u);
  EXPECT_FALSE(end.alerts[0].firing);
  EXPECT_EQ(end.alerts[0].ends_at, from_ms(400));
}

TEST_F(ToldAlertsTest, TheTextHelpsWhereThereIsNoMark) {
  const NotificationRecord record = told_->complete(received("team", 250, "Slow and Down"));
  EXPECT_EQ(record.group_labels, (Labels{{"alertname", "Slow"}}));
  ASSERT_EQ(record.alerts.size(), 1u);
  EXPECT_EQ(record.alerts[0].labels, sent("Slow", "warning"));
  // Named, but not firing yet.
  EXPECT_TRUE(told_->complete(received("team", 150, "Slow")).alerts.empty());
}

TEST_F(ToldAlertsTest, WhatTellsItsGroupIsLeftAlone) {
  receivers::Received one = received("team", 250, "Slow");
  one.record.group_key = "{}:{}";
  EXPECT_TRUE(told_->complete(one).alerts.empty());
}

}  // namespace
}  // namespace tocsin::run
