#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/alerting/config.h"
#include "harness/model/evidence.h"
#include "harness/stack/alertmanager_api.h"

namespace tocsin::stack {

/// From polls of Alertmanager's alerts to the stretches in which it kept them back.
class SuppressionWatch {
 public:
  /// `config`: to tell which time intervals mute, where Alertmanager does not say so; may be null.
  explicit SuppressionWatch(std::shared_ptr<const alerting::Config> config = nullptr)
      : config_(std::move(config)) {}

  void know_silence(const std::string& id, const std::string& comment) { comments_[id] = comment; }
  /// Silences that nobody has told of yet.
  std::vector<std::string> unknown_silences() const;

  void add(Timestamp at, const std::vector<RoutedAlert>& alerts);
  /// By their beginning; those that go on have no end.
  std::vector<Suppression> suppressions() const;

 private:
  void mark(Suppression suppression);
  std::vector<std::string> muting(const RoutedAlert& alert, Timestamp at) const;

  std::shared_ptr<const alerting::Config> config_;
  std::map<std::string, std::string> comments_;  ///< by the silence's id
  std::map<std::string, Labels> labels_;         ///< by the alert's fingerprint
  std::vector<Suppression> over_;
  std::vector<Suppression> open_;
  std::vector<Suppression> seen_;  ///< in the poll that is being added
};

}  // namespace tocsin::stack
