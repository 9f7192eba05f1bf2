#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/time.h"

/// An alert manager inside of a service, as some services document one: it asks its conditions at
/// each poll, tells channels at once and then keeps quiet for a while. No groups, no resolving.

namespace tocsin::alerting {

enum class PolledSeverity { kInfo, kWarning, kError, kCritical };
std::string_view to_string(PolledSeverity severity);

struct PolledRule {
  std::string name;
  std::string description;
  PolledSeverity severity = PolledSeverity::kWarning;
  std::vector<std::string> channels;  ///< empty: those of its severity
  Duration cooldown = std::chrono::seconds(300);
};

/// What a channel is told.
struct PolledNotice {
  Timestamp at = {};
  std::string channel;
  std::string rule;
  std::string description;
  PolledSeverity severity = PolledSeverity::kWarning;

  bool operator==(const PolledNotice&) const = default;
};

class PolledAlertManager {
 public:
  /// `by_severity` names the channels of rules that name none.
  PolledAlertManager(std::vector<PolledRule> rules, Duration poll_interval,
                     std::map<PolledSeverity, std::vector<std::string>> by_severity = {});

  Duration poll_interval() const { return poll_interval_; }
  const std::vector<PolledRule>& rules() const { return rules_; }

  /// One poll: `holds` says for each rule whether its condition is true now. A rule whose condition
  /// holds is told of unless it was within its cooldown; a channel hears of a rule once a poll,
  /// however often it is named.
  std::vector<PolledNotice> poll(Timestamp now, const std::vector<bool>& holds);

 private:
  std::vector<PolledRule> rules_;
  Duration poll_interval_;
  std::map<PolledSeverity, std::vector<std::string>> by_severity_;
  std::vector<std::optional<Timestamp>> told_;  ///< when each rule was told of last
};

}  // namespace tocsin::alerting
