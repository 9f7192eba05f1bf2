#include "harness/run/live_sender.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::run {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Timestamp kStart = from_ms(1'000'000'000'000);

AlertEpisode episode(std::string instance, std::optional<int> firing_at, std::string text = "") {
  AlertEpisode made;
  made.alert = "Down";
  made.labels = Labels::from({{"alertname", "Down"}, {"instance", instance}});
  if (!text.empty()) made.annotations["summary"] = std::move(text);
  made.pending_at = kStart;
  if (firing_at) made.firing_at = kStart + seconds(*firing_at);
  return made;
}

/// Evaluations each 15 s; what is sent, with when it ends.
class LiveSenderTest : public ::testing::Test {
 protected:
  std::vector<std::string> at(int second, const std::vector<AlertEpisode>& active) {
    now_ = kStart + seconds(second);
    std::vector<std::string> lines;
    for (const alerting::PostedAlert& alert : sender_.sent(active)) {
      const auto offset = [](Timestamp t) { return (t - kStart).count() / 1000; };
      const auto& texts = alert.text->annotations;
      lines.push_back(fmt::format("{}{} {}..{}{}", alert.labels.get("instance"),
                                  alert.labels.get("cluster"), offset(*alert.starts_at),
                                  offset(*alert.ends_at),
                                  texts.empty() ? "" : ' ' + texts.at("summary")));
    }
    return lines;
  }

  Timestamp now_ = kStart;
  LiveSender sender_{{.resend_delay = minutes(1), .external_labels = {}, .stops_at = {}},
                     minutes(15),
                     [this](const AlertEpisode&) {
                       return LiveSender::Evaluated{now_, seconds(15)};
                     }};
};

TEST_F(LiveSenderTest, AFiringAlertIsSentAtOnceAndThenWhenTheDelayHasPassed) {
  EXPECT_THAT(at(0, {episode("a", std::nullopt)}), IsEmpty());
  EXPECT_THAT(at(15, {episode("a", 15, "8%")}), ElementsAre("a 15..255 8%"));
  for (const int second : {30, 45, 60, 75}) {
    EXPECT_THAT(at(second, {episode("a", 15, "9%")}), IsEmpty()) << second;
  }
  EXPECT_THAT(at(90, {episode("a", 15, "10%")}), ElementsAre("a 15..330 10%"));
}

TEST_F(LiveSenderTest, ItsEndIsSentAtOnceAndRepeatedForAWhile) {
  EXPECT_THAT(at(15, {episode("a", 15)}), ElementsAre("a 15..255"));
  EXPECT_THAT(at(30, {}), ElementsAre("a 15..30"));
  EXPECT_THAT(at(90, {}), IsEmpty());
  EXPECT_THAT(at(105, {}), ElementsAre("a 15..30"));
  EXPECT_THAT(at(30 + 900, {}), ElementsAre("a 15..30"));
  EXPECT_THAT(at(30 + 915, {}), IsEmpty());
  EXPECT_THAT(at(30 + 1800, {}), IsEmpty());
}

TEST_F(LiveSenderTest, ItsEndIsNotRepeatedWhenItIsActiveAnew) {
  EXPECT_THAT(at(15, {episode("a", 15)}), ElementsAre("a 15..255"));
  EXPECT_THAT(at(30, {}), ElementsAre("a 15..30"));
  EXPECT_THAT(at(105, {episode("a", std::nullopt)}), IsEmpty());
  EXPECT_THAT(at(180, {episode("a", std::nullopt)}), IsEmpty());
  EXPECT_THAT(at(195, {episode("a", 195)}), ElementsAre("a 195..435"));
}

TEST_F(LiveSenderTest, AlertsAreToldApart) {
  EXPECT_THAT(at(15, {episode("b", 15), episode("a", 15)}), ElementsAre("a 15..255", "b 15..255"));
  EXPECT_THAT(at(30, {episode("b", 15)}), ElementsAre("a 15..30"));
}

}  // namespace
}  // namespace tocsin::run
