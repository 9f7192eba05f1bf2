#include "harness/run/route_alerts.h"

#include <algorithm>
#include <set>

#include "harness/alerting/prometheus_sender.h"
#include "harness/faults/timeline.h"
#include "harness/run/alert_texts.h"
#include "harness/run/polled_run.h"
#include "harness/run/receiver_trouble.h"
#include "harness/run/routing_recorder.h"

namespace tocsin::run {
namespace {

/// An alerting engine on the virtual clock, between the episodes and the receivers.
class SimulatedRouting final : public alerting::Transport {
 public:
  SimulatedRouting(const scenario::Scenario& scenario, const Routing& routing, AlertTexts& texts,
                   Evidence& evidence)
      : scenario_(scenario),
        routing_(routing),
        faults_(scenario.faults),
        texts_(texts),
        evidence_(evidence),
        recorder_(routing, evidence) {
    sending_.external_labels = external_labels(scenario);
  }

  void run(const rules::EvaluationOutcome& outcome) {
    alerting::PrometheusSender sender(sending_);
    for (std::size_t i = 0; i < outcome.episodes.size(); ++i) {
      const AlertEpisode& episode = outcome.episodes[i];
      if (is_polled(*scenario_.system, episode.alert)) continue;
      const rules::Rule& rule = *outcome.alerting[i];
      const Labels labels =
          sender.add(episode, texts_.interval_of(rule), generator_url(rule.expression.text));
      recorder_.know(labels);
      if (episode.resolved_at) recorder_.know_end(labels, *episode.resolved_at);
      if (!episode.firing_at) continue;
      auto& lives = lives_[labels];
      if (lives.empty()) {
        evidence_.routing->alerts.push_back(routed_alert(*routing_.config, labels));
      }
      lives.push_back({&episode, &rule});
    }
    alerting::Engine engine(routing_.config, engine_options(), *this);
    set_silences(scenario_, evidence_, engine, recorder_);
    alerting::drive(engine, sender, evidence_.run.end);
  }

  std::optional<alerting::Answer> send(const alerting::Delivery& delivery) override {
    alerting::Notification told = *delivery.notification;
    for (alerting::NotifiedAlert& alert : told.alerts) say_as_then(alert, told.tick);
    const auto text = told_text(told, *delivery.integration, routing_.payload, delivery.at);
    alerting::Answer answer;
    if (text.has_error()) {
      answer.kind = alerting::Answer::Kind::kImpossible;
      answer.error = text.error().message;
    } else {
      const auto trouble = faults_.receiver_fault(told.receiver, evidence_.offset_of(delivery.at));
      answer = answer_of(*delivery.integration, trouble, text->answer);
    }
    if (delivery.at + answer.latency > delivery.deadline) {
      answer.kind = alerting::Answer::Kind::kTimeout;
    }
    recorder_.record(delivery, told, text.has_value() ? *text : ToldText(), answer);
    return answer;
  }

 private:
  struct Life {
    const AlertEpisode* episode;
    const rules::Rule* rule;
  };

  alerting::EngineOptions engine_options() {
    alerting::EngineOptions options;
    options.start = evidence_.run.start;
    options.seed = scenario_.seed;
    options.retry_noise = scenario_.noise == scenario::Noise::kRandom;
    options.observer = &recorder_;
    return options;
  }

  /// What Prometheus said when it last sent the alert. A resolved one says what it said last.
  void say_as_then(alerting::NotifiedAlert& alert, Timestamp tick) {
    if (!alert.firing()) return;
    const auto lives = lives_.find(alert.labels);
    if (lives == lives_.end()) return;
    for (const Life& life : lives->second) {
      const Timestamp since = *life.episode->firing_at;
      if (since > tick || (life.episode->resolved_at && *life.episode->resolved_at <= tick)) {
        continue;
      }
      const Duration period =
          alerting::send_period(texts_.interval_of(*life.rule), sending_.resend_delay);
      const Timestamp sent = since + (tick - since) / period * period;
      const Annotations* then = texts_.at(*life.rule, life.episode->labels, sent);
      if (then == nullptr) return;
      auto text = std::make_shared<alerting::AlertText>(*alert.text);
      text->annotations = *then;
      alert.text = std::move(text);
      return;
    }
  }

  const scenario::Scenario& scenario_;
  const Routing& routing_;
  faults::FaultTimeline faults_;
  AlertTexts& texts_;
  Evidence& evidence_;
  RoutingRecorder recorder_;
  alerting::SenderOptions sending_;
  std::unordered_map<Labels, std::vector<Life>> lives_;  ///< by the labels that are sent
};

/// The service asks at its polls what fires then.
void poll_alerts(const scenario::Scenario& scenario, const rules::EvaluationOutcome& outcome,
                 const rules::EvaluationOptions& evaluation, AlertTexts& texts,
                 Evidence& evidence) {
  std::unordered_map<const AlertEpisode*, const rules::Rule*> polled;
  for (std::size_t i = 0; i < outcome.episodes.size(); ++i) {
    const AlertEpisode& episode = outcome.episodes[i];
    if (episode.firing_at && is_polled(*scenario.system, episode.alert)) {
      polled[&episode] = outcome.alerting[i];
    }
  }
  PolledRun run(scenario, evidence);
  Timestamp now = evidence.run.start;
  run.set_texts([&](const AlertEpisode& episode) {
    const rules::Rule& rule = *polled.at(&episode);
    const Duration since = (now - evaluation.origin);
    const Timestamp evaluated = now - since % texts.interval_of(rule);
    const Annotations* then = texts.at(rule, episode.labels, evaluated);
    return then != nullptr ? *then : episode.annotations;
  });
  for (; now <= evidence.run.end; now += run.every()) {
    std::vector<const AlertEpisode*> firing;
    for (const AlertEpisode& episode : outcome.episodes) {
      const bool fires = episode.firing_at && *episode.firing_at <= now &&
                         (!episode.resolved_at || now < *episode.resolved_at);
      if (fires && polled.count(&episode) > 0) firing.push_back(&episode);
    }
    run.poll(now, firing);
  }
  std::stable_sort(
      evidence.notifications.begin(), evidence.notifications.end(),
      [](const NotificationRecord& a, const NotificationRecord& b) { return a.at < b.at; });
}

}  // namespace

void route_alerts(const scenario::Scenario& scenario, const Routing& routing,
                  const RuleFiles& rules, const rules::EvaluationOutcome& outcome,
                  const rules::EvaluationOptions& evaluation, const SeriesSource& store,
                  Evidence& evidence) {
  evidence.routing = routing.info;
  AlertTexts texts(rules, store, evaluation);
  if (routing.config != nullptr) {
    SimulatedRouting(scenario, routing, texts, evidence).run(outcome);
  }
  if (scenario.system->polled_alerts) {
    poll_alerts(scenario, outcome, evaluation, texts, evidence);
  }
}

}  // namespace tocsin::run
