#include <algorithm>

#include <fmt/format.h>

#include "harness/check/check_groups.h"
#include "harness/check/checks/route_cover.h"
#include "harness/check/subject.h"

/// Routes, receivers and inhibitions of an alertmanager.yml by themselves.

namespace tocsin::check {
namespace {

using alerting::Config;
using alerting::Receiver;
using alerting::Route;

enum RoutingCheck {
  kUnusedReceiver,
  kEmptyReceiver,
  kUnreachableRoute,
  kRepeatInterval,
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
    {"alertmanager/repeat-interval", Severity::kWarning, "Notifications repeat otherwise than said",
     "Groups are looked at every group_interval only, and the log of notifications forgets after "
     "five days.",
     "Let repeat_interval be a multiple of group_interval, of at most 120h."},
    {"alertmanager/broad-inhibition", Severity::kWarning, "An inhibition without `equal`",
     "Any alert that matches the source silences all that match the target, of whatever service.",
     "Name in `equal` what both must have in common: alertname, job, instance, …"},
    {"alertmanager/no-resolved", Severity::kInfo, "Nobody is told that an alert is over",
     "None of the receiver's integrations sends resolved alerts.", "Set send_resolved: true."},
};

class RoutingLook {
 public:
  RoutingLook(const Config& config, Findings& findings) : config_(config), findings_(findings) {}

  void look() {
    look_at_receivers();
    for_routes(config_.route, [&](const Route& route) { look_at_intervals(route); });
    look_for_unreachable(config_.route, {});
    for (const alerting::InhibitRule& rule : config_.inhibit_rules) look_at_breadth(rule);
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
                        standard ? "what no other route takes" : name_of_route(*routes.front())));
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
                    &route == &config_.route ? "the default route" : name_of_route(route),
                    format_duration(really), repeat, format_duration(route.group_interval)));
  }

  void look_for_unreachable(const Route& route, std::vector<const Route*> above) {
    above.push_back(&route);
    for (std::size_t i = 0; i < route.routes.size(); ++i) {
      const Route& child = route.routes[i];
      const Matcher* barred = excluded_by(child.matchers, above);
      if (barred != nullptr) {
        add(kUnreachableRoute, child.pos,
            fmt::format("{} is below one with {}", name_of_route(child),
                        alerting::matcher_text(*barred)),
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
            fmt::format("{} in line {} takes all that {} would", name_of_route(*taken),
                        taken->pos.line, name_of_route(child)),
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

  const Config& config_;
  Findings& findings_;
};

void look_at_routing(const Subject& subject, Findings& findings) {
  for (const auto& config : subject.alertmanagers) RoutingLook(*config, findings).look();
}

}  // namespace

const CheckGroup kRoutingChecks{kRoutings, look_at_routing};

}  // namespace tocsin::check
