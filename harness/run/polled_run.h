#pragma once

#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "harness/alerting/polled_alerts.h"
#include "harness/faults/timeline.h"
#include "harness/model/evidence.h"
#include "harness/scenario/scenario.h"

namespace tocsin::run {

/// Whether the service itself tells of this alert, so that no Alertmanager hears of it.
bool is_polled(const scenario::System& system, std::string_view alert);

/// The alert manager inside of the service (scenario::PolledAlerts). Each channel is told once,
/// whatever it answers, and answers at once.
class PolledRun {
 public:
  /// The system has polled alerts, the evidence its routing and time scale. Both must outlive this.
  PolledRun(const scenario::Scenario& scenario, Evidence& evidence);

  /// From one poll to the next, on the run's clock.
  Duration every() const { return manager_.poll_interval(); }
  /// One poll: `firing` are the alerts that fire now, of any name. What is told goes to the
  /// evidence.
  void poll(Timestamp at, const std::vector<const AlertEpisode*>& firing);
  /// What an alert's annotations say now; the episode's own if not set.
  void set_texts(std::function<std::map<std::string, std::string>(const AlertEpisode&)> texts) {
    texts_ = std::move(texts);
  }

 private:
  Duration real(Duration length) const;
  alerting::PolledAlertManager make_manager() const;
  void record(const alerting::PolledNotice& notice, const std::vector<const AlertEpisode*>& firing);
  void note_receivers(const AlertEpisode& episode);

  const scenario::PolledAlerts& polled_;
  faults::FaultTimeline faults_;
  Evidence& evidence_;
  alerting::PolledAlertManager manager_;
  std::function<std::map<std::string, std::string>(const AlertEpisode&)> texts_;
};

}  // namespace tocsin::run
