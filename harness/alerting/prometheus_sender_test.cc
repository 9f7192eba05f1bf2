#include "harness/alerting/prometheus_sender.h"

#include <gtest/gtest.h>

#include "harness/alerting/alert.h"
#include "harness/base/random.h"

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

/// The ends that Alertmanager is told, at each change; `config` is added to the configuration.
std::string ends(const std::string& config) {
  Diagnostics diagnostics;
  Told transport;
  Engine engine(parse_config("am.yml", kSenderConfig + config, diagnostics), {}, transport);
  PrometheusSender sender({});
  sender.add(episode(0, 30, 200), std::chrono::seconds(15));
  std::string sent;
  std::string last;
  for (int second = 0; second < 300; ++second) {
    const Timestamp now = Timestamp(std::chrono::seconds(second));
    engine.advance(now);
    if (sender.next() && *sender.next() <= now) sender.send(engine);
    // Half a second later it does not matter how a post was made.
    engine.advance(now + std::chrono::milliseconds(500));
    for (const AlertStatus& alert : engine.alerts()) {
      const std::string line = std::to_string(to_ms(alert.updated_at) / 1000) + " until " +
                               std::to_string(to_ms(alert.ends_at) / 1000) + '\n';
      if (line != last) sent += line;
      last = line;
    }
  }
  return sent;
}

/// A resend comes at the first evaluation that is more than a minute later; it ends 4 minutes on.
TEST(PrometheusSender, SendsAgainAfterMoreThanTheDelay) {
  const std::string expected = "30 until 270\n105 until 345\n180 until 420\n";
  EXPECT_EQ(ends(""), expected);
  // An alert that may inhibit others is really posted each time.
  EXPECT_EQ(ends("inhibit_rules: [{source_matchers: [alertname=A], target_matchers: [x=y]}]\n"),
            expected);
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

/// Everything that is told of random episodes; `config` is added to the configuration.
std::string told_of_random(std::uint64_t seed, const std::string& config) {
  Diagnostics diagnostics;
  Told transport;
  Engine engine(parse_config("am.yml", kSenderConfig + config, diagnostics), {}, transport);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  Random random(seed);
  SenderOptions options;
  if (random.below(4) == 0)
    options.stops_at = from_ms(15'000 * static_cast<int>(random.below(200)));
  PrometheusSender sender(options);
  for (const char* name : {"A", "B", "C", "D"}) {
    int at = 0;
    for (int i = 0; i < 4; ++i) {
      const auto steps = [&](int most) { return 15 * static_cast<int>(random.below(most)); };
      const int pending = at + 15 + steps(40);
      const int firing = pending + steps(4);
      at = firing + 15 + steps(60);
      AlertEpisode one = episode(pending, firing, at);
      if (random.below(5) == 0) one.firing_at.reset();
      one.labels = {{"alertname", name}};
      sender.add(one, std::chrono::seconds(15));
    }
  }
  drive(engine, sender, Timestamp(std::chrono::hours(2)));
  return transport.text;
}

/// That the engine repeats posts by itself makes no difference: where alerts may inhibit, it does
/// not.
TEST(PrometheusSender, RepeatedByTheEngineOrPosted) {
  std::string all;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::string repeated = told_of_random(seed, "");
    EXPECT_EQ(repeated, told_of_random(seed,
                                       "inhibit_rules: [{source_matchers: ['alertname=~\".+\"'], "
                                       "target_matchers: [x=y]}]\n"))
        << "seed " << seed;
    all += repeated;
  }
  EXPECT_GT(all.size(), 1000U);
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
