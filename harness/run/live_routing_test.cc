// Who is told in a live run over real sockets, compared with a simulated one. Slow: the clock is
// real.

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/run/live.h"
#include "harness/run/simulate.h"
#include "harness/run/test_drill.h"

namespace tocsin::run {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr double kScale = 15;

struct Told {
  std::string what;  ///< integration, alerts and their states, reason
  Duration at{0};
};

/// What each receiver was told in the end, in order.
std::map<std::string, std::vector<Told>> delivered_in(const Evidence& evidence) {
  std::map<std::string, std::vector<Told>> told;
  for (const NotificationRecord& record : evidence.notifications) {
    if (!record.delivered) continue;
    std::string what = record.reason;
    for (const NotificationAlert& alert : record.alerts) {
      what += ' ' + alert.labels.to_string() + (alert.firing ? " firing" : " resolved");
    }
    const std::string who = record.receiver + ' ' + record.integration;
    told[who].push_back({what, evidence.offset_of(record.at)});
  }
  return told;
}

std::vector<std::string> texts_of(const std::vector<Told>& told) {
  std::vector<std::string> texts;
  for (const Told& one : told) texts.push_back(one.what);
  return texts;
}

std::vector<std::string> receivers_of(const std::map<std::string, std::vector<Told>>& told) {
  std::vector<std::string> names;
  for (const auto& [who, what] : told) names.push_back(who);
  return names;
}

struct KeptBack {
  Labels alert;
  Suppression::Kind kind;
  Labels by;
  std::string name;

  bool operator==(const KeptBack&) const = default;
};

std::vector<KeptBack> kept_back_in(const Evidence& evidence) {
  std::vector<KeptBack> kept;
  for (const Suppression& one : evidence.suppressions) {
    kept.push_back({one.alert, one.kind, one.by, one.name});
  }
  return kept;
}

class LiveRouting : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const Drill drill = load_drill("harness/run/testdata/routing/live/scenario.yaml");
    SimulationOptions simulated;
    simulated.routing = drill.routing.get();
    simulated_ = new Evidence(simulate(drill.scenario, *drill.rules, simulated));
    LiveOptions live;
    live.time_scale = kScale;
    live.routing = drill.routing.get();
    live_ = new Evidence(run_live(drill.scenario, *drill.rules, live).value());
  }
  static void TearDownTestSuite() {
    delete simulated_;
    delete live_;
  }

  static Evidence* simulated_;
  static Evidence* live_;
};
Evidence* LiveRouting::simulated_ = nullptr;
Evidence* LiveRouting::live_ = nullptr;

/// Evaluations of a live run fall half an interval later, and a fault in between counts a whole one
/// later; the rest is for a busy machine.
TEST_F(LiveRouting, TellsTheSameAsASimulatedRun) {
  const auto simulated = delivered_in(*simulated_);
  const auto live = delivered_in(*live_);
  ASSERT_EQ(receivers_of(live), receivers_of(simulated));
  EXPECT_THAT(receivers_of(live), ElementsAre("chat slack", "mail email", "pager pagerduty",
                                              "pager webhook", "slack slack"));
  const Duration slack = 2 * seconds(5) + Duration(static_cast<std::int64_t>(500 * kScale));
  for (const auto& [who, told] : simulated) {
    ASSERT_EQ(texts_of(live.at(who)), texts_of(told)) << who;
    for (std::size_t i = 0; i < told.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(live.at(who)[i].at.count()),
                  static_cast<double>(told[i].at.count()), static_cast<double>(slack.count()))
          << who << ": " << told[i].what;
    }
  }
}

TEST_F(LiveRouting, ReceiversHaveAllThatWasSent) {
  EXPECT_EQ(live_->run.invalid_reason, "");
  EXPECT_THAT(live_->run.warnings, IsEmpty());
}

TEST_F(LiveRouting, KeepsBackTheSame) {
  EXPECT_EQ(kept_back_in(*live_), kept_back_in(*simulated_));
  EXPECT_THAT(kept_back_in(*live_), Not(IsEmpty()));
}

TEST_F(LiveRouting, RoutesTheSame) {
  ASSERT_TRUE(live_->routing);
  std::vector<std::string> live;
  std::vector<std::string> simulated;
  for (const auto& [evidence, into] :
       {std::pair(live_, &live), std::pair(simulated_, &simulated)}) {
    for (const RoutedAlert& routed : evidence->routing->alerts) {
      into->push_back(routed.alert.to_string() + testing::PrintToString(routed.receivers) +
                      format_duration(routed.told_within) + (routed.fell_through ? " falls" : ""));
    }
  }
  std::sort(live.begin(), live.end());
  std::sort(simulated.begin(), simulated.end());
  EXPECT_EQ(live, simulated);
}

/// Trouble is made by the receivers themselves, and seen by those who send.
TEST_F(LiveRouting, TriesAgainWhenAReceiverIsInTrouble) {
  std::map<std::string, std::vector<int>> statuses;
  for (const NotificationRecord& record : live_->notifications) {
    if (record.reason == "first notification") {
      statuses[record.integration].push_back(record.status);
    }
  }
  ASSERT_GE(statuses["pagerduty"].size(), 2u);
  EXPECT_EQ(statuses["pagerduty"].front(), 503);
  EXPECT_EQ(statuses["pagerduty"].back(), 202);
  ASSERT_GE(statuses["email"].size(), 2u);
  EXPECT_EQ(statuses["email"].front(), 451);
  EXPECT_EQ(statuses["email"].back(), 250);
}

TEST_F(LiveRouting, NothingIsSecret) {
  for (const NotificationRecord& record : live_->notifications) {
    EXPECT_THAT(record.text + record.title + record.error, Not(HasSubstr("secret-token")));
  }
}

}  // namespace
}  // namespace tocsin::run
