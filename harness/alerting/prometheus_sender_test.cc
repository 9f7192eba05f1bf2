#include "harness/alerting/prometheus_sender.h"

#include <gtest/gtest.h>

#include "harness/alerting/alert.h"

namespace tocsin::alerting {
namespace {

constexpr char kSenderConfig[] = R"(
route: {receiver: w, group_wait: 10s, group_interval: 1m, repeat_interval: 4h}
receivers: [{name: w, webhook_configs: [{url: 'http://h/'}]}]
)";

/// Who was told when: "40 firing", seconds since the beginning.
class Told final : public Transport {
 public:
  std::optional<Answer> send(const Delivery& delivery) override {
    text += std::to_string(to_ms(delivery.at) / 1000) +
            (delivery.notification->firing() ? " firing\n" : " resolved\n");
    return Answer{};
  }
  std::string text;
};

AlertEpisode episode(int pending, std::optional<int> firing, std::optional<int> resolved) {
  const auto at = [](int seconds) { return Timestamp(std::chrono::seconds(seconds)); };
  AlertEpisode made;
  made.labels = {{"alertname", "A"}};
  made.pending_at = at(pending);
  if (firing) made.firing_at = at(*firing);
  if (resolved) made.resolved_at = at(*resolved);
  return made;
}

std::string told(const std::vector<AlertEpisode>& episodes, const SenderOptions& options,
                 int seconds) {
  Diagnostics diagnostics;
  Told transport;
  Engine engine(parse_config("am.yml", kSenderConfig, diagnostics), {}, transport);
  PrometheusSender sender(options);
  for (const AlertEpisode& one : episodes) sender.add(one, std::chrono::seconds(15));
  drive(engine, sender, Timestamp(std::chrono::seconds(seconds)));
  return transport.text;
}

/// The ends that Alertmanager is told, at each sending of a firing alert.
TEST(PrometheusSender, SendsAgainAfterMoreThanTheDelay) {
  Diagnostics diagnostics;
  Told transport;
  Engine engine(parse_config("am.yml", kSenderConfig, diagnostics), {}, transport);
  PrometheusSender sender({});
  sender.add(episode(0, 30, 200), std::chrono::seconds(15));
  std::string sent;
  while (sender.next() && to_ms(*sender.next()) < 400'000) {
    engine.advance(*sender.next());
    sender.send(engine);
    for (const AlertStatus& alert : engine.alerts()) {
      sent += std::to_string(to_ms(engine.now()) / 1000) + " until " +
              std::to_string(to_ms(alert.ends_at) / 1000) + '\n';
    }
  }
  // A resend comes at the first evaluation that is more than a minute later; it ends 4 minutes on.
  EXPECT_EQ(sent, "30 until 270\n105 until 345\n180 until 420\n200 until 200\n");
}

TEST(PrometheusSender, ResolvesAtOnce) {
  EXPECT_EQ(told({episode(0, 30, 90)}, {}, 3600), "40 firing\n100 resolved\n");
}

TEST(PrometheusSender, PendingIsNotSent) {
  EXPECT_EQ(told({episode(0, std::nullopt, 90)}, {}, 3600), "");
}

TEST(PrometheusSender, ADeadPrometheusResolvesByTheLastEnd) {
  SenderOptions dies;
  dies.stops_at = Timestamp(std::chrono::seconds(100));
  // Sent last at 30: it ends at 270, which is seen at the tick of 280.
  EXPECT_EQ(told({episode(0, 30, std::nullopt)}, dies, 3600), "40 firing\n280 resolved\n");
}

TEST(PrometheusSender, RepeatsResolvedAlertsForAQuarterOfAnHour) {
  // The first post of the end is lost on nobody; but a group that is made anew hears of it, too.
  EXPECT_EQ(told({episode(0, 30, 90), episode(300, 330, 900)}, {}, 3600),
            "40 firing\n100 resolved\n340 firing\n940 resolved\n");
}

TEST(PrometheusSender, ExternalLabelsDoNotReplace) {
  Diagnostics diagnostics;
  Told transport;
  Engine engine(parse_config("am.yml", kSenderConfig, diagnostics), {}, transport);
  SenderOptions options;
  options.external_labels = {{"alertname", "no"}, {"region", "eu"}};
  PrometheusSender sender(options);
  sender.add(episode(0, 0, std::nullopt), std::chrono::seconds(15));
  sender.send(engine);
  EXPECT_EQ(engine.alerts()[0].labels.to_string(), R"({alertname="A", region="eu"})");
}

}  // namespace
}  // namespace tocsin::alerting
