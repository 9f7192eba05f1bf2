#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/alerting/engine.h"
#include "harness/base/time.h"
#include "harness/model/evidence.h"

namespace tocsin::alerting {

struct SenderOptions {
  Duration resend_delay = std::chrono::minutes(1);  ///< --rules.alert.resend-delay
  /// Put on every alert that has no such label.
  std::map<std::string, std::string> external_labels;
  /// From then on nothing is sent: Prometheus died.
  std::optional<Timestamp> stops_at;
};

/// Prometheus' external labels, where an alert has no such label.
Labels with_external(Labels labels, const std::map<std::string, std::string>& external);
/// From one sending of a firing alert to the next, when its rule is evaluated each `interval`.
Duration send_period(Duration interval, Duration resend_delay);

/// Prometheus' side of an alert: turns episodes into what it posts to Alertmanager, and when.
///
/// A firing alert is sent when it begins to fire and at each evaluation for which more than the
/// resend delay has passed since; it ends, until it is sent again, after four times the longer of
/// evaluation interval and resend delay. A resolved one is sent at once and then at the same pace
/// for 15 minutes, unless an alert with the same labels becomes active. Pending ones are not sent.
class PrometheusSender {
 public:
  explicit PrometheusSender(const SenderOptions& options) : options_(options) {}

  /// An episode of a rule that is evaluated each `interval`, in any order; before anything is sent.
  /// Returns the labels that the alert is sent with.
  Labels add(const AlertEpisode& episode, Duration interval, std::string generator_url = {});

  /// When something is to be sent; none: nothing more.
  std::optional<Timestamp> next() const;
  /// Posts everything that is due at next() to the engine, which has got that far.
  void send(Engine& engine);

 private:
  struct Life {
    PostedAlert alert;
    Duration interval{0};
    Timestamp fires_at = {};
    std::optional<Timestamp> resolves_at;
    std::optional<Timestamp> replaced_at;  ///< the next episode of these labels begins
  };

  /// What stops the engine's own repetitions of a firing alert.
  void schedule_end(std::size_t life);
  Duration period_of(const Life& life) const {
    return send_period(life.interval, options_.resend_delay);
  }
  /// Puts a life into the bucket of its next sending after `at`, if there is one.
  void schedule_after(std::size_t life, Timestamp at);
  void schedule(std::size_t life, Timestamp at);

  SenderOptions options_;
  std::vector<Life> lives_;
  std::unordered_map<Labels, std::vector<std::pair<Timestamp, std::size_t>>> by_labels_;
  std::map<Timestamp, std::vector<std::size_t>> due_;
};

/// Lets a run go to its end: the sender's posts at their times, the engine's events between them.
void drive(Engine& engine, PrometheusSender& sender, Timestamp end);

}  // namespace tocsin::alerting
