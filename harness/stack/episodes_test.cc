#include "harness/stack/episodes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::stack {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Duration kEvaluated{1000};
/// In whole seconds, so that ALERTS_FOR_STATE tells them apart.
constexpr std::int64_t kStart = 1'000'000'000;

Labels alert_labels(std::string_view name = "Down") {
  return {{"alertname", name}, {"job", "shop"}, {"severity", "page"}};
}

/// A Prometheus that evaluates once a second, told second by second.
class Told : public testing::Test {
 protected:
  /// One letter an evaluation: "." nothing, "p" pending, "f" firing, "_" no evaluation at all.
  void tell(const std::string& story, std::string_view name = "Down") {
    backtest::AnswerSeries pending;
    pending.labels = alert_labels(name).with(kMetricName, "ALERTS").with("alertstate", "pending");
    backtest::AnswerSeries firing;
    firing.labels = pending.labels.with("alertstate", "firing");
    backtest::AnswerSeries since;
    since.labels = alert_labels(name).with(kMetricName, "ALERTS_FOR_STATE");
    std::int64_t active = 0;
    for (std::size_t i = 0; i < story.size(); ++i) {
      const std::int64_t at = kStart + static_cast<std::int64_t>(i) * kEvaluated.count();
      last_ = from_ms(at);
      if (story[i] == '_') continue;
      if (story[i] == '.') {
        active = 0;
        continue;
      }
      if (active == 0) active = at / 1000;
      backtest::AnswerSeries& state = story[i] == 'f' ? firing : pending;
      state.times.push_back(at);
      state.values.push_back(1);
      since.times.push_back(at);
      since.values.push_back(static_cast<double>(active));
    }
    tap_.add({pending, firing, since});
  }

  /// A poll of the rules API right after evaluation `i`.
  void poll(int i, std::optional<ActiveAlert> alert, const std::string& error = {}) {
    RuleStatus rule;
    rule.name = "Down";
    rule.health = error.empty() ? "ok" : "err";
    rule.error = error;
    if (alert) rule.alerts = {*alert};
    GroupStatus group;
    group.name = "g";
    group.interval = kEvaluated;
    group.last_evaluation = from_ms(kStart + i * kEvaluated.count() + 3);
    group.rules = {rule};
    watch_.add({group});
  }

  ActiveAlert active(int since, bool firing, double value, const std::string& summary = {}) {
    ActiveAlert alert;
    alert.labels = alert_labels();
    alert.firing = firing;
    alert.active_at = from_ms(kStart + since * kEvaluated.count());
    alert.value = value;
    if (!summary.empty()) alert.annotations = {{"summary", summary}};
    return alert;
  }

  /// "pending firing resolved" in seconds, "-" for never.
  std::vector<std::string> episodes() {
    const std::vector<WatchedRule> rules = {
        {"g", "Down", {{"severity", "page"}}, std::chrono::minutes(1), kEvaluated}};
    std::vector<std::string> lines;
    read_ = read_episodes(tap_, watch_, rules, last_);
    const auto second_of = [](std::optional<Timestamp> at) {
      return at ? std::to_string((to_ms(*at) - kStart) / 1000) : "-";
    };
    for (const AlertEpisode& episode : read_) {
      lines.push_back(fmt::format("{} {} {}", second_of(episode.pending_at),
                                  second_of(episode.firing_at), second_of(episode.resolved_at)));
    }
    return lines;
  }

  SampleTap tap_;
  RuleWatch watch_;
  Timestamp last_{};
  std::vector<AlertEpisode> read_;
};

TEST_F(Told, PendingFiringResolved) {
  tell("..pppfff..");
  poll(9, std::nullopt);
  EXPECT_THAT(episodes(), ElementsAre("2 5 8"));
  EXPECT_EQ(read_[0].labels, alert_labels());
  EXPECT_EQ(read_[0].group, "g");
  EXPECT_EQ(read_[0].hold, std::chrono::minutes(1));
}

TEST_F(Told, ThatDidNotFire) {
  tell("pp...");
  poll(4, std::nullopt);
  EXPECT_THAT(episodes(), ElementsAre("0 - 2"));
}

TEST_F(Told, ThatIsStillThere) {
  tell("..pf");
  poll(3, active(2, true, 1));
  EXPECT_THAT(episodes(), ElementsAre("2 3 -"));
}

TEST_F(Told, ComingBackIsAnotherEpisode) {
  tell("pf.pf.");
  poll(5, std::nullopt);
  EXPECT_THAT(episodes(), ElementsAre("0 1 2", "3 4 5"));
}

TEST_F(Told, MissedEvaluationsDoNotEndIt) {
  tell("ppp__pff___ff.");
  poll(13, std::nullopt);
  EXPECT_THAT(episodes(), ElementsAre("0 6 13"));
}

TEST_F(Told, RulesOfOthersAreLeftOut) {
  tell("pf", "Another");
  EXPECT_THAT(episodes(), IsEmpty());
}

TEST_F(Told, PollsTellValuesAndAnnotations) {
  tell("ppff.");
  poll(0, active(0, false, 5, "five"));
  poll(1, active(0, false, 6, "six"));
  poll(2, active(0, true, 7, "seven"));
  poll(3, active(0, true, 8, "eight"));
  poll(4, std::nullopt);
  ASSERT_THAT(episodes(), ElementsAre("0 2 4"));
  EXPECT_EQ(read_[0].value_at_start, 5);
  EXPECT_EQ(read_[0].value_at_firing, 7);
  EXPECT_EQ(read_[0].value_last, 8);
  EXPECT_EQ(read_[0].annotations.at("summary"), "eight");
}

/// A Prometheus that died: the last samples could not be read any more.
TEST_F(Told, WhatOnlyPollsSawCounts) {
  tell("pp");
  poll(2, active(0, false, 1));
  poll(3, active(0, true, 1));
  EXPECT_THAT(episodes(), ElementsAre("0 3 -"));
}

TEST_F(Told, RulesThatFailAreNoted) {
  poll(0, std::nullopt, "division by zero");
  poll(1, std::nullopt, "division by zero");
  ASSERT_EQ(watch_.troubles().size(), 1U);
  EXPECT_EQ(watch_.troubles().begin()->first, "rule Down of group g fails: division by zero");
  EXPECT_EQ(watch_.troubles().begin()->second, 2U);
}

}  // namespace
}  // namespace tocsin::stack
