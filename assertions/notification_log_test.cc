#include "assertions/notification_log.h"

#include "assertions/notification_words.h"
#include "assertions/test_evidence.h"

namespace tocsin::assertions {
namespace {

class NotificationLogTest : public JudgeTest {
 protected:
  NotificationRecord& record(double minute, std::vector<std::string> firing,
                             std::vector<std::string> resolved = {}) {
    NotificationRecord& record = evidence_.notifications.emplace_back();
    record.at = at(minute);
    record.receiver = "on-call";
    record.integration = "slack";
    record.group_key = "{}:{}";
    record.firing = !firing.empty();
    for (const std::string& name : firing)
      record.alerts.push_back({labels(name), {}, true, {}, {}});
    for (const std::string& name : resolved) {
      record.alerts.push_back({labels(name), {}, false, {}, at(minute)});
    }
    return record;
  }
  static Labels labels(const std::string& name) {
    return {{"alertname", name}, {"severity", "critical"}};
  }
  std::string kinds() const {
    const NotificationLog log(evidence_);
    std::string text;
    for (const Told& told : log.all()) {
      text += (text.empty() ? "" : " ") + std::string(to_string(told.kind));
      if (!told.delivered()) text += "(failed)";
    }
    return text;
  }
};

TEST_F(NotificationLogTest, KindsByAlertmanagersReasons) {
  record(1, {"A"}).reason = "first notification";
  record(6, {"A", "B"}).reason = "new alerts added";
  record(7, {"A", "B"}).reason = "repeat interval elapsed";
  record(8, {"A"}, {"B"}).reason = "some alerts resolved";
  record(9, {}, {"A"}).reason = "all alerts resolved";
  // The group is quiet, although the log of notifications still knows it.
  record(10, {"A"}).reason = "new alerts added";
  EXPECT_EQ(kinds(), "first update repeat update resolved first");
}

TEST_F(NotificationLogTest, KindsWithoutReasons) {
  record(1, {"A"});
  record(2, {"A", "B"});
  record(3, {"B", "A"});
  record(4, {"A"}, {"B"});
  record(5, {}, {"A"});
  record(6, {"A"});
  EXPECT_EQ(kinds(), "first update repeat update resolved first");
}

/// Services that poll their alerts tell no end.
TEST_F(NotificationLogTest, AGroupMayBecomeQuietWithoutAWord) {
  record(1, {"A"});
  record(2, {"A"}).alerts[0].starts_at = at(1.5);
  record(3, {"A"}).alerts[0].starts_at = at(1.5);
  record(4, {"B"});
  EXPECT_EQ(kinds(), "first first repeat first");
}

TEST_F(NotificationLogTest, WordsTellApartWhatIsOver) {
  record(1, {"A", "B"});
  record(6, {"A"}, {"B", "C"});
  record(11, {}, {"A"});
  const NotificationLog log(evidence_);
  std::string text;
  for (const Told& told : log.all()) text += told_text(told, log) + '\n';
  EXPECT_EQ(text,
            "first to on-call by slack, A, B\n"
            "update to on-call by slack, A {severity=\"critical\"}; over: B, C\n"
            "resolved to on-call by slack, A {severity=\"critical\"}\n");
}

TEST_F(NotificationLogTest, WordsOfSeveralAtOnce) {
  record(6, {"A"}, {"B"});
  record(6, {"C"}, {"D"}).group_key = "{}:{other}";
  const NotificationLog log(evidence_);
  const auto lines = told_lines({&log.all()[0], &log.all()[1]}, log);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].text, "2 × first to on-call by slack, A, C; over: B, D");
}

TEST_F(NotificationLogTest, GroupsAndIntegrationsAreCountedApart) {
  record(1, {"A"});
  record(2, {"A"}).group_key = "{}:{other}";
  record(3, {"A"}).integration = "email";
  record(4, {"A"}).integration_index = 1;
  record(5, {"A"}).receiver = "office";
  record(6, {"A"});
  EXPECT_EQ(kinds(), "first first first first first repeat");
}

TEST_F(NotificationLogTest, WithoutGroupsCommonAlertsTellThemApart) {
  record(1, {"A"}).group_key.clear();
  record(2, {"B"}).group_key.clear();
  record(3, {"A"}).group_key.clear();
  record(4, {"B", "C"}).group_key.clear();
  EXPECT_EQ(kinds(), "first first repeat update");
}

TEST_F(NotificationLogTest, AttemptsOfOneNotification) {
  const auto attempt = [&](double minute, int n, bool delivered) {
    NotificationRecord& one = record(minute, {"A"});
    one.attempt = n;
    one.delivered = delivered;
    one.status = delivered ? 200 : 503;
  };
  attempt(1, 1, false);
  attempt(1.1, 2, false);
  attempt(1.2, 3, true);
  attempt(5, 1, false);  // given up
  attempt(9, 1, false);
  attempt(9.1, 2, true);
  EXPECT_EQ(kinds(), "first repeat(failed) repeat");
  const NotificationLog log(evidence_);
  EXPECT_EQ(log.all()[0].attempts.size(), 3U);
  EXPECT_EQ(log.all()[2].previous, &log.all()[0]);
}

TEST_F(NotificationLogTest, ExternalLabelsDoNotHideAnEpisode) {
  const Labels instance_a = {{"alertname", "A"}, {"instance", "a"}};
  const Labels bare = {{"alertname", "A"}};
  episode("A", 1, 2, 3).labels = instance_a;
  episode("A", 1, 2, 3).labels = bare;
  const NotificationLog log(evidence_);
  const auto found = [&](const Labels& labels) {
    const std::size_t subject = log.subject_of(labels);
    return subject == kNoSubject ? "none" : log.subjects()[subject].to_string();
  };
  EXPECT_EQ(found(instance_a), instance_a.to_string());
  EXPECT_EQ(found(instance_a.with("cluster", "eu")), instance_a.to_string());
  EXPECT_EQ(found(bare.with("cluster", "eu")), bare.to_string());
  // Of an alert with another instance the labels without one are a part.
  EXPECT_EQ(found(bare.with("instance", "z")), bare.to_string());
  EXPECT_EQ(found({{"alertname", "B"}}), "none");
}

TEST_F(NotificationLogTest, TextsTellOfAlertsThatFiredBefore) {
  episode("DiskFull", 1, 2, 3);
  episode("Disk", 1, 2, 3);
  episode("DiskFullSoon", 1, 9, 10);
  NotificationRecord& mail = record(4, {});
  mail.firing = true;
  mail.text = "[FIRING:1] DiskFull on node-1, or is it DiskFullSoon?";
  NotificationRecord& grouped = record(5, {});
  grouped.group_labels = {{"alertname", "DiskFull"}, {"severity", "warning"}};
  grouped.title = "DiskFull";
  const NotificationLog log(evidence_);
  ASSERT_EQ(log.all()[0].alerts.size(), 1U);
  EXPECT_EQ(log.subjects()[log.all()[0].alerts[0].subject].get("alertname"), "DiskFull");
  EXPECT_TRUE(log.all()[0].alerts[0].firing);
  EXPECT_TRUE(log.all()[1].alerts.empty());  // of another severity
}

TEST_F(NotificationLogTest, TellsEpisodesOfTheSameAlertApart) {
  const AlertEpisode first = episode("A", 1, 2, 3);
  const AlertEpisode second = episode("A", 7, 8, 9);
  record(2.5, {"A"});
  record(4, {}, {"A"});
  record(8.5, {"A"});
  const NotificationLog log(evidence_);
  const auto any = [](const Told&) { return true; };
  EXPECT_EQ(log.first_of(first, true, Duration(0), any)->at(), at(2.5));
  EXPECT_EQ(log.first_of(first, false, Duration(0), any)->at(), at(4));
  EXPECT_EQ(log.first_of(second, true, Duration(0), any)->at(), at(8.5));
  EXPECT_EQ(log.first_of(second, false, Duration(0), any), nullptr);
}

}  // namespace
}  // namespace tocsin::assertions
