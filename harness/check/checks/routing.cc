#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/check/alert_labels.h"
#include "harness/check/check_groups.h"
#include "harness/check/checks/route_cover.h"
#include "harness/check/nearest_metric.h"
#include "harness/check/subject.h"

/// Routes, receivers and inhibitions of an alertmanager.yml, by themselves and against the alerts
/// that there are.

namespace tocsin::check {
namespace {

using alerting::Config;
using alerting::Receiver;
using alerting::Route;

enum RoutingCheck {
  kUnusedReceiver,
  kEmptyReceiver,
  kUnreachableRoute,
  kIdleRoute,
  kToldNobody,
  kUnroutedSeverity,
  kOneForAll,
  kRepeatInterval,
  kGroupLabel,
  kIdleInhibition,
  kBroadInhibition,
  kNoResolved,
};

constexpr Check kRoutings[] = {
    {"alertmanager/unused-receiver", Severity::kWarning, "A receiver that no route names",
     "It is never told anything.", "Add a route to it, or remove it."},
    {"alertmanager/empty-receiver", Severity::kWarning, "Alerts go to a receiver that tells nobody",
     "A receiver without integrations takes alerts and drops them.",
     "Add an integration; call it null or blackhole if that is meant."},
    {"alertmanager/unreachable-route", Severity::kWarning, "A route that no alert reaches",
     "A sibling before it takes all that it would, or its parent does not let them through.",
     "Move it up, or let the one before it continue."},
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
    {"alertmanager/repeat-interval", Severity::kWarning, "Notifications repeat otherwise than said",
     "Groups are looked at every group_interval only, and the log of notifications forgets after "
     "five days.",
     "Let repeat_interval be a multiple of group_interval, of at most 120h."},
    {"alertmanager/group-label", Severity::kWarning, "Grouped by a label that no alert has",
     "It makes no groups.", "Group by labels that alerts have."},
    {"alertmanager/idle-inhibition", Severity::kWarning, "An inhibition that never inhibits",
     "No alert has the labels of its source, or none those of its target.",
     "Ask for labels and values that alerts have."},
    {"alertmanager/broad-inhibition", Severity::kWarning, "An inhibition without `equal`",
     "Any alert that matches the source silences all that match the target, of whatever service.",
     "Name in `equal` what both must have in common: alertname, job, instance, …"},
    {"alertmanager/no-resolved", Severity::kInfo, "Nobody is told that an alert is over",
     "None of the receiver's integrations sends resolved alerts.", "Set send_resolved: true."},
};

/// Receivers that are there to tell nobody.
bool is_meant_to_be_empty(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* word :
       {"null", "none", "hole", "void", "devnull", "drop", "discard", "ignore", "silent", "noop",
        "nowhere", "nobody", "trash", "sink", "watchdog", "mute", "black"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

template <class F>
void for_routes(const Route& route, F&& f) {
  f(route);
  for (const Route& child : route.routes) for_routes(child, f);
}

/// "{severity="critical"}" or "the default route".
std::string name_of(const Route& route) {
  return route.matchers.empty() ? "the route without matchers"
                                : "the route " + alerting::matchers_text(route.matchers);
}

class RoutingLook {
 public:
  RoutingLook(const Subject& subject, const Config& config, Findings& findings)
      : config_(config),
        findings_(findings),
        flow_(subject),
        alerts_(labels_of_alerts(subject, subject.rules_for_alertmanager(config.path), flow_)) {}

  void look() {
    look_at_receivers();
    for_routes(config_.route, [&](const Route& route) { look_at_intervals(route); });
    look_for_unreachable(config_.route, {});
    for (const alerting::InhibitRule& rule : config_.inhibit_rules) look_at_breadth(rule);
    if (alerts_.empty()) return;
    look_at_alerts();
    look_for_idle_routes();
    look_at_severities();
    for (const alerting::InhibitRule& rule : config_.inhibit_rules) look_at_inhibition(rule);
  }

 private:
  void add(RoutingCheck check, Severity severity, const SourcePos& pos, std::string message,
           std::string way_out = {}) {
    Finding finding;
    finding.place.pos = pos;
    finding.message = std::move(message);
    finding.way_out = std::move(way_out);
    findings_.add(kRoutings[check], severity, std::move(finding));
  }
  void add(RoutingCheck check, const SourcePos& pos, std::string message,
           std::string way_out = {}) {
    add(check, kRoutings[check].severity, pos, std::move(message), std::move(way_out));
  }

  bool tells(const Route& route) const {
    const Receiver* receiver = config_.find_receiver(route.receiver);
    return receiver == nullptr || !receiver->integrations.empty();
  }

  void look_at_receivers() {
    for (const Receiver& receiver : config_.receivers) {
      std::vector<const Route*> routes;
      for_routes(config_.route, [&](const Route& route) {
        if (route.receiver == receiver.name) routes.push_back(&route);
      });
      if (routes.empty()) {
        add(kUnusedReceiver, receiver.pos, fmt::format("no route names {}", receiver.name));
        continue;
      }
      if (receiver.integrations.empty()) {
        const bool standard = routes.front() == &config_.route;
        if (!standard && is_meant_to_be_empty(receiver.name)) continue;
        add(kEmptyReceiver, receiver.pos,
            fmt::format("{} has no integrations, and {} goes to it", receiver.name,
                        standard ? "what no other route takes" : name_of(*routes.front())));
        continue;
      }
      const bool resolved = std::any_of(receiver.integrations.begin(), receiver.integrations.end(),
                                        [](const auto& one) { return one.send_resolved; });
      if (resolved) continue;
      add(kNoResolved, receiver.pos,
          fmt::format("{} is not told when an alert is over", receiver.name));
    }
  }

  void look_at_intervals(const Route& route) {
    constexpr Duration kForgets = std::chrono::hours(120);
    const std::string repeat = format_duration(route.repeat_interval);
    if (route.repeat_interval > kForgets) {
      add(kRepeatInterval, route.pos,
          fmt::format("notifications are forgotten after 120h, before the repeat_interval {}",
                      repeat));
    }
    if (route.group_interval.count() <= 0) return;
    const auto rest = route.repeat_interval % route.group_interval;
    const bool shorter = route.repeat_interval < route.group_interval;
    if (!shorter && rest.count() == 0) return;
    const Duration really =
        shorter ? route.group_interval : route.repeat_interval - rest + route.group_interval;
    // A few minutes late hardly matter after hours.
    const bool matters = shorter || (really - route.repeat_interval) * 10 > route.repeat_interval;
    add(kRepeatInterval, matters ? Severity::kWarning : Severity::kInfo, route.pos,
        fmt::format("{} repeats every {} rather than {}: groups are looked at every {}",
                    &route == &config_.route ? "the default route" : name_of(route),
                    format_duration(really), repeat, format_duration(route.group_interval)));
  }

  void look_for_unreachable(const Route& route, std::vector<const Route*> above) {
    above.push_back(&route);
    for (std::size_t i = 0; i < route.routes.size(); ++i) {
      const Route& child = route.routes[i];
      const Matcher* barred = excluded_by(child.matchers, above);
      if (barred != nullptr) {
        add(kUnreachableRoute, child.pos,
            fmt::format("{} is below one with {}", name_of(child), alerting::matcher_text(*barred)),
            "no alert can match both");
        continue;
      }
      const auto taken =
          std::find_if(route.routes.begin(), route.routes.begin() + static_cast<std::ptrdiff_t>(i),
                       [&](const Route& before) {
                         return !before.continues && takes_all_of(before.matchers, child.matchers);
                       });
      if (taken != route.routes.begin() + static_cast<std::ptrdiff_t>(i)) {
        add(kUnreachableRoute, child.pos,
            fmt::format("{} in line {} takes all that {} would", name_of(*taken), taken->pos.line,
                        name_of(child)),
            "move it up, or write `continue: true` in the one before");
        continue;
      }
      look_for_unreachable(child, above);
    }
  }

  void look_at_breadth(const alerting::InhibitRule& rule) {
    if (!rule.equal.empty()) return;
    const auto names_alert = [](const Matcher& matcher) {
      return matcher.name() == "alertname" && matcher.op() != MatchOp::kNotEqual &&
             matcher.op() != MatchOp::kNotRegex;
    };
    const bool narrow = std::any_of(rule.source.begin(), rule.source.end(), names_alert) ||
                        std::any_of(rule.target.begin(), rule.target.end(), names_alert);
    if (narrow) return;
    add(kBroadInhibition, rule.pos,
        fmt::format("any alert with {} silences all with {}", alerting::matchers_text(rule.source),
                    alerting::matchers_text(rule.target)));
  }

  // --- with the alerts that there are ---

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
        add(kIdleRoute, route.pos, fmt::format("no alert here matches {}", name_of(route)),
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

  void look_at_inhibition(const alerting::InhibitRule& rule) {
    for (const auto& [what, matchers] :
         {std::pair("source", &rule.source), std::pair("target", &rule.target)}) {
      const bool any = std::any_of(alerts_.begin(), alerts_.end(), [&](const AlertLabels& alert) {
        return alert.matches(*matchers) != Verdict::kNo;
      });
      if (any) continue;
      return add(
          kIdleInhibition, rule.pos,
          fmt::format("no alert here matches its {} {}", what, alerting::matchers_text(*matchers)),
          known_values(*matchers));
    }
  }

  const Config& config_;
  Findings& findings_;
  LabelFlow flow_;
  std::vector<AlertLabels> alerts_;
  std::set<const Route*> taken_;
};

void look_at_routing(const Subject& subject, Findings& findings) {
  for (const auto& config : subject.alertmanagers) RoutingLook(subject, *config, findings).look();
}

}  // namespace

const CheckGroup kRoutingChecks{kRoutings, look_at_routing};

}  // namespace tocsin::check
