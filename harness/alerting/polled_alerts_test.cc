#include "harness/alerting/polled_alerts.h"

#include <gtest/gtest.h>

namespace tocsin::alerting {
namespace {

Timestamp at(int seconds) {
  return Timestamp(std::chrono::seconds(seconds));
}

/// "60 slack high_error_rate", one line each.
std::string shown(const std::vector<PolledNotice>& notices) {
  std::string text;
  for (const PolledNotice& notice : notices) {
    text +=
        std::to_string(to_ms(notice.at) / 1000) + ' ' + notice.channel + ' ' + notice.rule + '\n';
  }
  return text;
}

TEST(PolledAlerts, OnceInFiveMinutes) {
  PolledAlertManager manager({{"high_error_rate",
                               "Error rate exceeds 5%",
                               PolledSeverity::kCritical,
                               {"slack", "email", "slack"}}},
                             std::chrono::seconds(60));
  std::string all;
  for (int now = 0; now <= 660; now += 60) all += shown(manager.poll(at(now), {now >= 60}));
  EXPECT_EQ(all,
            "60 slack high_error_rate\n60 email high_error_rate\n"
            "360 slack high_error_rate\n360 email high_error_rate\n"
            "660 slack high_error_rate\n660 email high_error_rate\n");
}

TEST(PolledAlerts, TheCooldownOutlivesTheCondition) {
  PolledAlertManager manager({{"r", "", PolledSeverity::kInfo, {"webhook"}}},
                             std::chrono::seconds(60));
  std::string all;
  for (int now = 0; now <= 600; now += 60) all += shown(manager.poll(at(now), {now % 120 == 0}));
  EXPECT_EQ(all, "0 webhook r\n360 webhook r\n");
}

TEST(PolledAlerts, ChannelsBySeverity) {
  PolledAlertManager manager(
      {{"a", "", PolledSeverity::kCritical, {}}, {"b", "", PolledSeverity::kWarning, {}}},
      std::chrono::seconds(60),
      {{PolledSeverity::kCritical, {"slack", "email"}}, {PolledSeverity::kWarning, {"webhook"}}});
  EXPECT_EQ(shown(manager.poll(at(0), {true, true})), "0 slack a\n0 email a\n0 webhook b\n");
}

}  // namespace
}  // namespace tocsin::alerting
