#include "harness/run/live_routing.h"

#include <algorithm>

#include <fmt/format.h>

#include "fakes/receivers/receiver_server.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"
#include "harness/run/live_delivery.h"
#include "harness/run/polled_run.h"
#include "harness/run/receiver_trouble.h"
#include "harness/run/routing_recorder.h"
#include "harness/run/rule_scale.h"

namespace tocsin::run {
namespace {

/// Prometheus' own, which are scaled as everything is.
constexpr Duration kResendDelay = std::chrono::minutes(1);
constexpr Duration kResolvedRetention = std::chrono::minutes(15);

/// The configuration of the run: its lengths scaled, its addresses the receivers'.
Result<std::shared_ptr<const alerting::Config>> local_config(
    const alerting::Config& config, const receivers::ReceiverServer& receivers, double time_scale,
    std::vector<std::string>& warnings) {
  stack::ReceiverAddresses addresses = receiver_addresses(receivers);
  addresses.implicit_tls = true;
  addresses.fixed_ones = true;
  stack::RewrittenConfig rewritten = stack::rewrite_config(config, addresses, time_scale);
  warnings.insert(warnings.end(), rewritten.unscaled.begin(), rewritten.unscaled.end());
  warnings.insert(warnings.end(), rewritten.left_out.begin(), rewritten.left_out.end());
  Diagnostics diagnostics;
  const auto parsed = alerting::parse_config(config.path, std::move(rewritten.text), diagnostics);
  if (!diagnostics.ok()) return diagnostics.sorted().front();
  auto local = std::make_shared<alerting::Config>(*parsed);
  stack::redirect_fixed(*local, addresses);
  for (alerting::Receiver& receiver : local->receivers) {
    for (alerting::Integration& integration : receiver.integrations) {
      if (!integration.timeout) continue;
      integration.timeout = Nanos(static_cast<std::int64_t>(
          static_cast<double>(integration.timeout->count()) / time_scale));
    }
  }
  return std::shared_ptr<const alerting::Config>(std::move(local));
}

bool goes_by_the_calendar(const alerting::Route& route) {
  return !route.mute_time_intervals.empty() || !route.active_time_intervals.empty() ||
         std::any_of(route.routes.begin(), route.routes.end(), goes_by_the_calendar);
}

}  // namespace

struct LiveRouting::Impl final : alerting::Transport {
  Impl(net::Loop& the_loop, const scenario::Scenario& the_scenario, const Routing& the_routing,
       const LiveClock& the_clock, Evidence& the_evidence)
      : loop(the_loop),
        scenario(the_scenario),
        routing(the_routing),
        clock(the_clock),
        evidence(the_evidence),
        recorder(the_routing, the_evidence),
        due(the_loop) {}

  Result<void> open() {
    if (routing.config == nullptr) return {};
    TRY(receivers,
        receivers::ReceiverServer::open(receiver_options(scenario, *routing.config, clock, true)));
    TRY(config, local_config(*routing.config, *receivers, clock.time_scale(), warnings));
    if (clock.time_scale() == 1 && goes_by_the_calendar(config->route)) {
      warnings.emplace_back(
          "time intervals go by this machine's clock, not by the scenario's start");
    }
    return {};
  }

  Duration real(Duration length) const { return scaled(length, clock.time_scale()); }
  Timestamp now() const { return clock.wall(clock.now()); }

  // --- the run ---

  net::Task<void> run(Duration end, LiveSender::EvaluatedOf evaluated_of) {
    evidence.routing = routing.info;
    for (std::string& warning : warnings) evidence.run.warnings.push_back(std::move(warning));
    net::TaskGroup group(loop);
    deliveries = &group;
    if (config != nullptr) begin(std::move(evaluated_of));
    if (scenario.system->polled_alerts) group.spawn(poll(end));
    if (engine) co_await drive(end);
    deliveries = nullptr;
    // What is on its way has come to nothing then.
    if (engine) group.cancel_all();
    co_await group.join();
  }

  void begin(LiveSender::EvaluatedOf evaluated_of) {
    alerting::SenderOptions sending;
    sending.resend_delay = real(kResendDelay);
    sending.external_labels = external_labels(scenario);
    sender.emplace(sending, real(kResolvedRetention), std::move(evaluated_of));
    sender->set_generator_url([this](const AlertEpisode& episode) { return source_of(episode); });
    alerting::EngineOptions options;
    options.start = clock.start();
    options.seed = scenario.seed;
    options.retry_noise = scenario.noise == scenario::Noise::kRandom;
    options.observer = &recorder;
    options.time_scale = clock.time_scale();
    engine.emplace(config, options, *this);
    set_silences(scenario, evidence, *engine, recorder);
  }

  std::string source_of(const AlertEpisode& episode) const {
    for (const AlertRuleInfo& rule : evidence.rules) {
      if (rule.group == episode.group && rule.alert == episode.alert) {
        return generator_url(rule.expression);
      }
    }
    return "";
  }

  net::Task<void> drive(Duration end) {
    while (clock.offset() < end) {
      engine->advance(now());
      const auto next = engine->next_event();
      const Nanos last = clock.when(end);
      const Nanos wake = next ? std::min(last, clock.monotonic(*next)) : last;
      const net::Wake woken = co_await due.wait_until(wake);
      if (woken == net::Wake::kCancelled) co_return;
    }
    engine->advance(now());
  }

  void evaluated(const std::vector<AlertEpisode>& active) {
    firing.clear();
    std::vector<AlertEpisode> routed;
    for (const AlertEpisode& episode : active) {
      if (!is_polled(*scenario.system, episode.alert)) {
        routed.push_back(episode);
      } else if (episode.firing_at) {
        firing.push_back(episode);
      }
    }
    if (!engine || deliveries == nullptr) return;
    engine->advance(now());
    const std::vector<alerting::PostedAlert> alerts = sender->sent(routed);
    for (const alerting::PostedAlert& alert : alerts) {
      note(alert.labels);
      if (*alert.ends_at <= now()) recorder.know_end(alert.labels, *alert.ends_at);
    }
    (void)engine->post(alerts);
    due.notify();
  }

  void note(const Labels& labels) {
    if (!recorder.know(labels)) return;
    evidence.routing->alerts.push_back(routed_alert(*routing.config, labels));
  }

  /// The service's own alert manager sees what the last evaluation saw.
  net::Task<void> poll(Duration end) {
    PolledRun polled(scenario, evidence);
    for (Timestamp at = clock.start(); evidence.offset_of(at) <= end; at += polled.every()) {
      const bool slept = co_await net::sleep_until(clock.monotonic(at));
      if (!slept) co_return;
      std::vector<const AlertEpisode*> seen;
      for (const AlertEpisode& episode : firing) seen.push_back(&episode);
      polled.poll(at, seen);
    }
  }

  // --- deliveries ---

  std::optional<alerting::Answer> send(const alerting::Delivery& delivery) override {
    Result<alerting::Payload> payload =
        render_payload(*delivery.notification, *delivery.integration, routing.payload, delivery.at);
    alerting::Answer impossible;
    impossible.kind = alerting::Answer::Kind::kImpossible;
    if (payload.has_error()) {
      impossible.error = payload.error().message;
      recorder.record(delivery, *delivery.notification, {}, impossible);
      return impossible;
    }
    if (deliveries != nullptr) deliveries->spawn(deliver_one(delivery, std::move(*payload)));
    return std::nullopt;
  }

  net::Task<void> deliver_one(alerting::Delivery delivery, alerting::Payload payload) {
    const Nanos deadline = clock.monotonic(delivery.deadline);
    const std::optional<alerting::Answer> answer =
        co_await deliver(loop, std::move(payload), deadline);
    if (!answer) co_return;
    const auto told =
        told_text(*delivery.notification, *delivery.integration, routing.payload, delivery.at);
    recorder.record(delivery, *delivery.notification, told.has_value() ? *told : ToldText(),
                    *answer);
    engine->advance(now());
    engine->answered(delivery.id, *answer);
    due.notify();
  }

  /// Who was told by what the engine knows has it.
  void compare_with_receivers() {
    receivers->stop();
    std::map<std::pair<std::string, std::string>, std::int64_t> missing;
    for (const NotificationRecord& told : evidence.notifications) {
      if (told.delivered) ++missing[{told.receiver, told.integration}];
    }
    for (const receivers::Received& got : receivers->received()) {
      if (got.record.delivered) --missing[{got.record.receiver, got.record.integration}];
    }
    for (const auto& [who, count] : missing) {
      // Polled channels are told without sockets.
      if (count <= 0 || routing.config->find_receiver(who.first) == nullptr) continue;
      evidence.run.warnings.push_back(
          fmt::format("{} ({}) knows nothing of {} notifications that were sent to it", who.first,
                      who.second, count));
    }
  }

  net::Loop& loop;
  const scenario::Scenario& scenario;
  const Routing& routing;
  const LiveClock& clock;
  Evidence& evidence;
  RoutingRecorder recorder;
  std::unique_ptr<receivers::ReceiverServer> receivers;
  std::shared_ptr<const alerting::Config> config;
  std::vector<std::string> warnings;
  std::optional<LiveSender> sender;
  std::optional<alerting::Engine> engine;
  net::TaskGroup* deliveries = nullptr;  ///< while the run goes on
  net::Timer due;
  std::vector<AlertEpisode> firing;  ///< of polled alerts, at the last evaluation
};

LiveRouting::LiveRouting(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveRouting::~LiveRouting() = default;

Result<std::unique_ptr<LiveRouting>> LiveRouting::open(net::Loop& loop,
                                                       const scenario::Scenario& scenario,
                                                       const Routing& routing,
                                                       const LiveClock& clock, Evidence& evidence) {
  auto impl = std::make_unique<Impl>(loop, scenario, routing, clock, evidence);
  TRY_VOID(impl->open());
  return std::unique_ptr<LiveRouting>(new LiveRouting(std::move(impl)));
}

net::Task<void> LiveRouting::run(Duration end, LiveSender::EvaluatedOf evaluated) {
  return impl_->run(end, std::move(evaluated));
}

void LiveRouting::evaluated(const std::vector<AlertEpisode>& active) {
  impl_->evaluated(active);
}

void LiveRouting::finish() {
  if (impl_->receivers) impl_->compare_with_receivers();
  auto& notifications = impl_->evidence.notifications;
  std::stable_sort(notifications.begin(), notifications.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
}

}  // namespace tocsin::run
