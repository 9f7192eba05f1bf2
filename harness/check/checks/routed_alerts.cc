#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/check/alert_labels.h"
#include "harness/check/check_groups.h"
#include "harness/check/checks/route_cover.h"
#include "harness/check/nearest_metric.h"
#include "harness/check/subject.h"

/// Which way the alerts that there are take through an alertmanager.yml.

namespace tocsin::check {
namespace {

using alerting::Config;
using alerting::Receiver;
using alerting::Route;

enum RoutedCheck {
  kIdleRoute,
  kToldNobody,
  kUnroutedSeverity,
  kOneForAll,
  kGroupLabel,
  kIdleInhibition,
};

constexpr Check kRoutedAlerts[] = {
    {"alertmanager/idle-route", Severity::kWarning, "A route that no alert matches",
     "None of the rules gives an alert the labels that it asks for.",
     "Ask for labels and values that alerts have."},
    {"alertmanager/told-nobody", Severity::kError, "An alert that nobody is told of",
     "All routes that it may take end at receivers without integrations.",
     "Add a route for it, or an integration to its receiver."},
    {"alertmanager/unrouted-severity", Severity::kInfo, "A severity without a route of its own",
     "There are routes by severity, and these alerts go where all others go.",
     "Add a route for it, unless the default receiver is meant."},
    {"alertmanager/one-for-all", Severity::kInfo, "Alerts of all severities are told alike",
     "Whoever is called at night for what can wait until morning stops listening.",
     "Add routes by severity, with receivers and intervals of their own."},
    {"alertmanager/group-label", Severity::kWarning, "Grouped by a label that no alert has",
     "It makes no groups.", "Group by labels that alerts have."},
    {"alertmanager/idle-inhibition", Severity::kWarning, "An inhibition that never inhibits",
     "No alert has the labels of its source, or none those of its target.",
     "Ask for labels and values that alerts have."},
};

class RoutedAlertsLook {
 public:
  RoutedAlertsLook(const Subject& subject, const Config& config, Findings& findings)
      : config_(config),
        findings_(findings),
        flow_(subject),
        alerts_(labels_of_alerts(subject, subject.rules_for_alertmanager(config.path), flow_)) {}

  void look() {
    if (alerts_.empty()) return;
    look_at_alerts();
    look_for_idle_routes();
    look_at_severities();
    for (const alerting::InhibitRule& rule : config_.inhibit_rules) look_at_inhibition(rule);
  }

 private:
  void add(RoutedCheck check, Severity severity, const SourcePos& pos, std::string message,
           std::string way_out = {}) {
    Finding finding;
    finding.place.pos = pos;
    finding.message = std::move(message);
    finding.way_out = std::move(way_out);
    findings_.add(kRoutedAlerts[check], severity, std::move(finding));
  }
  void add(RoutedCheck check, const SourcePos& pos, std::string message, std::string way_out = {}) {
    add(check, kRoutedAlerts[check].severity, pos, std::move(message), std::move(way_out));
  }

  bool tells(const Route& route) const {
    const Receiver* receiver = config_.find_receiver(route.receiver);
    return receiver == nullptr || !receiver->integrations.empty();
  }

  void look_at_alerts() {
    std::map<std::string, std::vector<std::string>> lost;  // by receivers
    std::set<std::string> said;
    for (const AlertLabels& alert : alerts_) {
      const auto routes = possible_routes(config_.route, alert);
      for (const Route* route : routes) taken_.insert(route);
      const bool told =
          std::any_of(routes.begin(), routes.end(), [&](const Route* r) { return tells(*r); });
      if (told || !said.insert(alert.use().rule->name).second) continue;
      const std::string severity = alert.fixed("severity");
      if (severity == "none" || is_meant_to_be_empty(alert.use().rule->name)) continue;
      const bool meant = std::all_of(routes.begin(), routes.end(), [&](const Route* route) {
        return route != &config_.route && is_meant_to_be_empty(route->receiver);
      });
      if (meant) continue;
      lost[routes.front()->receiver].push_back(alert.use().rule->name);
    }
    for (const auto& [receiver, names] : lost) {
      const Receiver* at = config_.find_receiver(receiver);
      add(kToldNobody, at == nullptr ? config_.route.pos : at->pos,
          fmt::format("nobody is told of {}: {} has no integrations", listed(names, 8), receiver));
    }
  }

  void look_for_idle_routes() {
    for_routes(config_.route, [&](const Route& route) {
      look_at_grouping(route);
      if (&route == &config_.route || route.matchers.empty()) return;
      const bool any = std::any_of(alerts_.begin(), alerts_.end(), [&](const AlertLabels& alert) {
        return alert.matches(route.matchers) != Verdict::kNo;
      });
      if (!any) {
        add(kIdleRoute, route.pos, fmt::format("no alert here matches {}", name_of_route(route)),
            known_values(route.matchers));
      }
    });
  }

  /// What alerts have instead of the values asked for.
  std::string known_values(const alerting::Matchers& matchers) const {
    for (const Matcher& matcher : matchers) {
      std::set<std::string> values;
      bool fits = false;
      for (const AlertLabels& alert : alerts_) {
        fits = fits || alert.matches(matcher) != Verdict::kNo;
        const std::string value = alert.fixed(matcher.name());
        if (!value.empty()) values.insert(value);
      }
      if (fits) continue;
      if (values.empty()) return fmt::format("no alert has a label {}", matcher.name());
      return fmt::format("the {} of alerts is {}", matcher.name(),
                         listed({values.begin(), values.end()}, 8));
    }
    return {};
  }

  void look_at_grouping(const Route& route) {
    if (route.group_by_all || &route != &config_.route) return;
    for (const std::string& label : route.group_by) {
      const bool any = std::any_of(alerts_.begin(), alerts_.end(),
                                   [&](const AlertLabels& alert) { return alert.may_have(label); });
      if (!any) add(kGroupLabel, route.pos, fmt::format("no alert here has a label {}", label));
    }
  }

  void look_at_severities() {
    std::set<std::string> severities;
    for (const AlertLabels& alert : alerts_) {
      const std::string severity = alert.fixed("severity");
      if (!severity.empty() && severity != "none") severities.insert(severity);
    }
    std::vector<const Route*> by_severity;
    for_routes(config_.route, [&](const Route& route) {
      const bool asks = std::any_of(route.matchers.begin(), route.matchers.end(),
                                    [](const Matcher& m) { return m.name() == "severity"; });
      if (asks) by_severity.push_back(&route);
    });
    if (by_severity.empty()) return look_for_one_for_all(severities);
    for (const std::string& severity : severities) {
      const bool routed =
          std::any_of(by_severity.begin(), by_severity.end(), [&](const Route* route) {
            return std::all_of(
                route->matchers.begin(), route->matchers.end(),
                [&](const Matcher& m) { return m.name() != "severity" || m.matches(severity); });
          });
      if (routed) continue;
      const bool told = tells(config_.route);
      add(kUnroutedSeverity, told ? Severity::kInfo : Severity::kWarning, config_.route.pos,
          fmt::format("no route is for the severity {}: these alerts go to {}", severity,
                      config_.route.receiver));
    }
  }

  void look_for_one_for_all(const std::set<std::string>& severities) {
    std::set<std::string> receivers;
    for (const Route* route : taken_) receivers.insert(route->receiver);
    if (severities.size() < 2 || receivers.size() > 1) return;
    add(kOneForAll, config_.route.pos,
        fmt::format("alerts of the severities {} all go to {}, and repeat every {}",
                    listed({severities.begin(), severities.end()}, 8), config_.route.receiver,
                    format_duration(config_.route.repeat_interval)));
  }

  /// False after a finding.
  bool look_at_side(const alerting::InhibitRule& rule, std::string_view side,
                    const alerting::Matchers& matchers) {
    const bool any = std::any_of(alerts_.begin(), alerts_.end(), [&](const AlertLabels& alert) {
      return alert.matches(matchers) != Verdict::kNo;
    });
    if (any) return true;
    add(kIdleInhibition, rule.pos,
        fmt::format("no alert here matches its {} {}", side, alerting::matchers_text(matchers)),
        known_values(matchers));
    return false;
  }

  void look_at_inhibition(const alerting::InhibitRule& rule) {
    if (look_at_side(rule, "source", rule.source)) look_at_side(rule, "target", rule.target);
  }

  const Config& config_;
  Findings& findings_;
  LabelFlow flow_;
  std::vector<AlertLabels> alerts_;
  std::set<const Route*> taken_;
};

void look_at_routed_alerts(const Subject& subject, Findings& findings) {
  for (const auto& config : subject.alertmanagers) {
    RoutedAlertsLook(subject, *config, findings).look();
  }
}

}  // namespace

const CheckGroup kRoutedAlertChecks{kRoutedAlerts, look_at_routed_alerts};

}  // namespace tocsin::check
