#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/alerting/engine.h"
#include "harness/alerting/prometheus_sender.h"
#include "harness/model/evidence.h"

namespace tocsin::run {

/// Prometheus' side of alerts as alerting::PrometheusSender has it, where nobody knows what comes:
/// after each evaluation it is told what is active.
class LiveSender {
 public:
  /// When the rule that an episode is of was evaluated last, and how often it is.
  struct Evaluated {
    Timestamp at = {};
    Duration interval{0};
  };
  using EvaluatedOf = std::function<Evaluated(const AlertEpisode&)>;

  /// Lengths are those of the run's clock. `resolved_for`: how long an end is repeated.
  LiveSender(const alerting::SenderOptions& options, Duration resolved_for, EvaluatedOf evaluated)
      : options_(options), resolved_for_(resolved_for), evaluated_(std::move(evaluated)) {}

  /// Where an alert's expression is shown; nowhere if not set.
  void set_generator_url(std::function<std::string(const AlertEpisode&)> url) {
    generator_url_ = std::move(url);
  }

  /// What is to be sent now that the alerts of `active` are pending or firing.
  std::vector<alerting::PostedAlert> sent(const std::vector<AlertEpisode>& active);

 private:
  struct Life {
    AlertEpisode episode;  ///< as it was last
    alerting::PostedAlert alert;
    Timestamp sent_at = {};
    bool seen = false;  ///< in the evaluation that is looked at
    std::optional<Timestamp> resolved_at;
  };

  void note(const AlertEpisode& episode);
  /// Whether there is something to send of it.
  bool due(Life& life) const;

  alerting::SenderOptions options_;
  Duration resolved_for_;
  EvaluatedOf evaluated_;
  std::function<std::string(const AlertEpisode&)> generator_url_;
  std::unordered_map<Labels, Life> lives_;  ///< by the episode's labels
};

}  // namespace tocsin::run
