#include "harness/alerting/polled_alerts.h"

#include <set>

#include "harness/base/check.h"

namespace tocsin::alerting {

std::string_view to_string(PolledSeverity severity) {
  switch (severity) {
    case PolledSeverity::kInfo:
      return "info";
    case PolledSeverity::kWarning:
      return "warning";
    case PolledSeverity::kError:
      return "error";
    case PolledSeverity::kCritical:
      return "critical";
  }
  return "warning";
}

PolledAlertManager::PolledAlertManager(
    std::vector<PolledRule> rules, Duration poll_interval,
    std::map<PolledSeverity, std::vector<std::string>> by_severity)
    : rules_(std::move(rules)),
      poll_interval_(poll_interval),
      by_severity_(std::move(by_severity)),
      told_(rules_.size()) {}

std::vector<PolledNotice> PolledAlertManager::poll(Timestamp now, const std::vector<bool>& holds) {
  TOCSIN_CHECK(holds.size() == rules_.size(), "a condition for each rule");
  std::vector<PolledNotice> notices;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const PolledRule& rule = rules_[i];
    if (!holds[i] || (told_[i] && now - *told_[i] < rule.cooldown)) continue;
    told_[i] = now;
    const std::vector<std::string>& channels =
        rule.channels.empty() ? by_severity_[rule.severity] : rule.channels;
    std::set<std::string> told;
    for (const std::string& channel : channels) {
      if (!told.insert(channel).second) continue;
      notices.push_back({now, channel, rule.name, rule.description, rule.severity});
    }
  }
  return notices;
}

}  // namespace tocsin::alerting
