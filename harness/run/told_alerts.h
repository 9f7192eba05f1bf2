#pragma once

#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "fakes/receivers/receiver_server.h"
#include "harness/alerting/config.h"
#include "harness/model/evidence.h"

namespace tocsin::run {

/// From what receivers of a real Alertmanager got to evidence that names alerts and groups, as the
/// embedded router's does. Most services are told texts only: then the notification's mark says
/// which alerts it is of, or what the service was told of that key before; where there is neither,
/// those are taken that fire, go to the receiver, and whose name is in the text.
class ToldAlerts {
 public:
  /// `episodes` outlive it; `external` labels are those that Prometheus adds.
  ToldAlerts(const alerting::Config& config, const std::vector<AlertEpisode>& episodes,
             const std::map<std::string, std::string>& external);

  /// In order of arrival.
  NotificationRecord complete(receivers::Received received);

 private:
  struct Known {
    Labels labels;
    const AlertEpisode* episode = nullptr;
  };
  struct Group {
    Labels labels;
    std::vector<Labels> alerts;
  };
  using Key = std::tuple<std::string, std::string, std::size_t, std::string>;

  bool take_mark(const receivers::Received& received, NotificationRecord& record);
  bool take_known(const Key& key, NotificationRecord& record);
  void guess(NotificationRecord& record) const;
  void add_alert(const Labels& labels, bool firing, std::vector<NotificationAlert>& told) const;

  const alerting::Config& config_;
  std::vector<Known> alerts_;  ///< of each episode that fired
  std::unordered_map<std::string, Labels> by_fingerprint_;
  std::map<Key, Group> groups_;
};

}  // namespace tocsin::run
