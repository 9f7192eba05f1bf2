#include "reports/page_load.h"

#include <gtest/gtest.h>

#include "reports/page_load_text.h"

namespace tocsin::reports {
namespace {

constexpr Timestamp kBegin = from_ms(1'769'590'800'000);

Timestamp minute(double n) {
  return kBegin + std::chrono::milliseconds(static_cast<std::int64_t>(n * 60'000));
}

class PageLoadTest : public testing::Test {
 protected:
  PageLoadTest() {
    evidence_.run.start = kBegin;
    evidence_.run.end = minute(240);
  }

  void fires(const std::string& name, double firing, double resolved) {
    AlertEpisode& episode = evidence_.episodes.emplace_back();
    episode.alert = name;
    episode.labels = {{"alertname", name}};
    episode.firing_at = minute(firing);
    episode.resolved_at = minute(resolved);
  }
  NotificationRecord& tell(double at, const std::string& name, const std::string& receiver) {
    NotificationRecord& record = evidence_.notifications.emplace_back();
    record.at = minute(at);
    record.receiver = receiver;
    record.integration = "slack";
    record.group_key = name;
    record.alerts = {{{{"alertname", name}}, {}, true, {}, {}}};
    return record;
  }
  PageLoad load() const { return page_load(evidence_, assertions::NotificationLog(evidence_)); }

  Evidence evidence_;
};

TEST_F(PageLoadTest, CountsPagesByWhatTheyAre) {
  fires("A", 10, 200);
  fires("B", 20, 200);
  fires("Untold", 30, 200);
  tell(10.5, "A", "on-call");
  tell(10.5, "A", "office");
  tell(21, "B", "on-call");
  tell(100, "A", "on-call");
  NotificationRecord& update = tell(110, "A", "on-call");
  update.alerts.push_back({{{"alertname", "C"}}, {}, true, {}, {}});
  tell(150, "A", "on-call").delivered = false;
  NotificationRecord& end = tell(201, "A", "on-call");
  end.firing = end.alerts.front().firing = false;
  const PageLoad load = this->load();
  const PageCounts& counts = load.total.counts;
  EXPECT_EQ(counts.first, 3U);
  EXPECT_EQ(counts.updates, 1U);
  EXPECT_EQ(counts.repeats, 1U);
  EXPECT_EQ(counts.pages(), 5U);
  EXPECT_EQ(counts.resolved, 1U);
  EXPECT_EQ(counts.failed, 1U);
  ASSERT_EQ(load.receivers.size(), 2U);
  EXPECT_EQ(load.receivers[0].receiver, "office");
  EXPECT_EQ(load.receivers[0].counts.pages(), 1U);
  EXPECT_EQ(load.receivers[1].counts.pages(), 4U);
  EXPECT_EQ(load.total.fired, 3U);
  EXPECT_EQ(load.total.told, 2U);
  EXPECT_DOUBLE_EQ(load.total.pages_per_hour(), 1.25);
  EXPECT_DOUBLE_EQ(load.total.notifications_per_alert(), 2);
  EXPECT_EQ(load.by_hour, (std::vector<std::size_t>{3, 2}));
  ASSERT_TRUE(load.slowest.has_value());
  EXPECT_EQ(slowest_text(*load.slowest), "1m for B to on-call by slack");
  EXPECT_EQ(pages_text(counts), "5 (3 first, 1 update, 1 repeat)");
  EXPECT_EQ(other_notifications_text(counts), "1 resolved, 1 not delivered");
}

/// An hour of the clock would have two of the three at most.
TEST_F(PageLoadTest, TheBusiestHourMayBeginAtAnyTime) {
  fires("A", 1, 240);
  for (const double at : {5.0, 50.0, 70.0, 109.0, 110.0, 200.0}) tell(at, "A", "on-call");
  ASSERT_TRUE(load().busiest.has_value());
  EXPECT_EQ(busiest_text(*load().busiest), "3, from 50m");  // 110m is an hour later
}

TEST_F(PageLoadTest, SlowIsWhatTookLongestToItsFirstPage) {
  fires("A", 10, 20);
  fires("A", 60, 80);
  tell(11, "A", "on-call");
  NotificationRecord& end = tell(21, "A", "on-call");
  end.firing = end.alerts.front().firing = false;
  tell(65, "A", "office");
  tell(70, "A", "on-call");
  EXPECT_EQ(slowest_text(*load().slowest), "5m for A to office by slack");
  EXPECT_EQ(load().slowest->fired, std::chrono::hours(1));
}

TEST_F(PageLoadTest, WhatIsKeptBackIsNotSlow) {
  fires("A", 10, 60);
  tell(40, "A", "on-call");
  fires("B", 10, 60);
  tell(12, "B", "on-call");
  const auto keep_back = [&](Suppression::Kind kind, double from, double to) {
    Suppression& one = evidence_.suppressions.emplace_back();
    one.kind = kind;
    one.alert = {{"alertname", "A"}};
    one.from = minute(from);
    one.to = minute(to);
  };
  keep_back(Suppression::Kind::kInhibited, 10.5, 30);
  keep_back(Suppression::Kind::kSilenced, 20, 39);
  keep_back(Suppression::Kind::kInhibited, 45, 50);
  EXPECT_EQ(slowest_text(*load().slowest), "2m for B to on-call by slack");
  evidence_.suppressions[1].to = minute(35);
  EXPECT_EQ(slowest_text(*load().slowest), "5m30s for A to on-call by slack");
}

TEST_F(PageLoadTest, TimesAreSaidInSecondsUnlessTheyAreShort) {
  const auto ms = [](int n) { return std::chrono::milliseconds(n); };
  EXPECT_EQ(busiest_text({ms(412'860), 2}), "2, from 6m53s");
  EXPECT_EQ(slowest_text({"A", "b by slack", {}, ms(300'660)}), "5m1s for A to b by slack");
  EXPECT_EQ(slowest_text({"A", "b by slack", {}, ms(1'250)}), "1s250ms for A to b by slack");
}

TEST_F(PageLoadTest, NothingAtAll) {
  evidence_.run.end = kBegin;
  const PageLoad load = this->load();
  EXPECT_EQ(pages_text(load.total.counts), "none");
  EXPECT_EQ(other_notifications_text(load.total.counts), "");
  EXPECT_EQ(load.total.pages_per_hour(), 0);
  EXPECT_EQ(load.total.notifications_per_alert(), 0);
  EXPECT_FALSE(load.busiest || load.slowest);
  EXPECT_FALSE(page_load(RunSummary()).has_value());
}

TEST_F(PageLoadTest, ScenariosAddUp) {
  fires("A", 10, 20);
  tell(11, "A", "on-call");
  evidence_.routing.emplace();
  RunSummary run;
  for (const char* system : {"one", "two", "two"}) {
    evidence_.run.system = system;
    run.scenarios.push_back(summarise(evidence_, {}, Nanos(0)));
  }
  run.scenarios.emplace_back();  // without routing
  tell(15, "A", "on-call");
  fires("B", 10, 100);
  tell(50, "B", "office");
  run.scenarios.push_back(summarise(evidence_, {}, Nanos(0)));
  const auto load = page_load(run);
  ASSERT_TRUE(load.has_value());
  EXPECT_EQ(load->scenarios, 4U);
  EXPECT_EQ(load->total.counts.pages(), 6U);
  EXPECT_EQ(load->total.fired, 5U);
  EXPECT_EQ(load->busiest, &run.scenarios[4]);
  EXPECT_EQ(load->slowest, &run.scenarios[4]);
  ASSERT_EQ(load->receivers.size(), 3U);
  EXPECT_EQ(load->receivers[0].system, "two");
  EXPECT_EQ(load->receivers[0].load.counts.pages(), 4U);
  EXPECT_EQ(load->receivers[1].system, "one");
  EXPECT_EQ(load->receivers[2].load.receiver, "office");
}

/// An incident without grouping: figures count all, lists are cut.
TEST_F(PageLoadTest, ListsAreBounded) {
  evidence_.routing.emplace();
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "A" + std::to_string(i);
    fires(name, 10, 20);
    tell(11 + 0.001 * i, name, "on-call");
  }
  const ScenarioSummary summary = summarise(evidence_, {}, Nanos(0));
  EXPECT_EQ(summary.pages->total.counts.pages(), 1000U);
  EXPECT_EQ(summary.notifications.size(), kMostNotifications);
  EXPECT_EQ(summary.notifications_left_out, 1000 - kMostNotifications);
  std::size_t told = 0;
  for (const TimelineEntry& entry : summary.timeline) told += entry.kind == "notified" ? 1 : 0;
  EXPECT_EQ(told, kMostNotifications + 1);
  // At one moment they are one line.
  for (NotificationRecord& record : evidence_.notifications) record.at = minute(11);
  const ScenarioSummary at_once = summarise(evidence_, {}, Nanos(0));
  std::vector<std::string> lines;
  for (const TimelineEntry& entry : at_once.timeline) {
    if (entry.kind == "notified") lines.push_back(entry.text);
  }
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0], "1000 × first to on-call by slack, A0, A1, A2 and 997 more");
}

}  // namespace
}  // namespace tocsin::reports
