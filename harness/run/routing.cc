#include "harness/run/routing.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/alerting/matchers.h"
#include "harness/alerting/secrets.h"
#include "harness/alerting/silences.h"
#include "harness/base/file.h"
#include "harness/base/suggest.h"
#include "harness/rules/go_text.h"
#include "harness/yaml/source_text.h"

namespace tocsin::run {
namespace {

ReceiverInfo& receiver_info(RoutingInfo& info, const std::string& name) {
  for (ReceiverInfo& known : info.receivers) {
    if (known.name == name) return known;
  }
  info.receivers.push_back({name, {}});
  return info.receivers.back();
}

void add_polled_channels(const scenario::PolledAlerts& polled, RoutingInfo& info) {
  const auto add = [&](const std::vector<std::string>& channels) {
    for (const std::string& channel : channels) {
      ReceiverInfo& receiver = receiver_info(info, channel);
      if (receiver.integrations.empty()) receiver.integrations.push_back(channel);
    }
  };
  for (const auto& [severity, channels] : polled.channels) add(channels);
  for (const scenario::PolledAlerts::Alert& alert : polled.alerts) add(alert.channels);
}

RoutingInfo routing_info(const scenario::System& system, const alerting::Config* config) {
  RoutingInfo info;
  if (config != nullptr) {
    info.default_receiver = config->route.receiver;
    for (const alerting::Receiver& receiver : config->receivers) {
      ReceiverInfo& known = receiver_info(info, receiver.name);
      for (const alerting::Integration& integration : receiver.integrations) {
        known.integrations.push_back(integration.kind);
      }
    }
  }
  if (system.polled_alerts) add_polled_channels(*system.polled_alerts, info);
  return info;
}

/// What the filters of an expectation, or a fault, say of one receiver.
class RoutingCheck {
 public:
  RoutingCheck(const Routing& routing, Diagnostics& diagnostics)
      : routing_(routing), diagnostics_(diagnostics) {}

  void check(const scenario::NotificationExpectation& told) {
    const std::set<std::string> kinds = kinds_of(told.receiver);
    if (!told.integration.empty() && kinds.count(told.integration) == 0) {
      const std::vector<std::string> known(kinds.begin(), kinds.end());
      add(told.pos,
          fmt::format("{} has no integration \"{}\"", name_of(told.receiver), told.integration),
          unknown_name_hint(told.integration, known));
      return;
    }
    if (!told.within_resolving || tells_of_ends(told)) return;
    add(told.pos,
        told.receiver.empty() ? "nobody is told when alerts are over"
                              : name_of(told.receiver) + " is not told when alerts are over",
        "send_resolved: true in its configuration changes that");
  }

  void check(const scenario::SilenceSpec& silence) {
    alerting::Silence all;
    for (const auto& matcher : silence.matchers) {
      const auto parsed = alerting::parse_matchers(matcher.text);
      if (parsed.has_error()) {
        add(matcher.pos, parsed.error().message);
        return;
      }
      all.matchers.insert(all.matchers.end(), parsed->begin(), parsed->end());
    }
    all.ends_at = all.starts_at + std::chrono::hours(1);
    const auto set = alerting::Silences(1).set(std::move(all), {});
    if (set.has_error()) add(silence.pos, set.error().message);
  }

  void check(const faults::ReceiverFault& fault) {
    if (fault.kind != faults::ReceiverFault::Kind::kRefuseRecipients) return;
    if (kinds_of(fault.receiver).count("email") > 0) return;
    add(fault.pos, name_of(fault.receiver) + " gets no mail, so it has no recipients to refuse");
  }

 private:
  /// With the line of the file, which was read some time ago.
  void add(const SourcePos& pos, std::string message, std::string hint = {}) {
    Error error = input_error(pos, std::move(message));
    if (!hint.empty()) error.hints.push_back(std::move(hint));
    auto text = read_file(pos.file);
    if (text.has_value()) {
      error.excerpt = yaml::SourceText(pos.file, std::move(*text)).excerpt(pos.line);
    }
    diagnostics_.add(std::move(error));
  }

  static std::string name_of(const std::string& receiver) {
    return receiver.empty() ? "the system" : fmt::format("the receiver \"{}\"", receiver);
  }

  /// Of one receiver, or of all.
  std::set<std::string> kinds_of(const std::string& receiver) const {
    std::set<std::string> kinds;
    for (const ReceiverInfo& known : routing_.info.receivers) {
      if (!receiver.empty() && known.name != receiver) continue;
      kinds.insert(known.integrations.begin(), known.integrations.end());
    }
    return kinds;
  }

  bool tells_of_ends(const scenario::NotificationExpectation& told) const {
    if (routing_.config == nullptr) return false;
    for (const alerting::Receiver& receiver : routing_.config->receivers) {
      if (!told.receiver.empty() && receiver.name != told.receiver) continue;
      for (const alerting::Integration& integration : receiver.integrations) {
        const bool counts = told.integration.empty() || told.integration == integration.kind;
        if (counts && integration.send_resolved) return true;
      }
    }
    return false;
  }

  const Routing& routing_;
  Diagnostics& diagnostics_;
};

}  // namespace

Routing routing_of(const scenario::System& system, std::shared_ptr<const alerting::Config> config) {
  Routing routing;
  routing.info = routing_info(system, config.get());
  routing.config = std::move(config);
  return routing;
}

std::shared_ptr<const Routing> RoutingLibrary::routing_of(const scenario::System& system,
                                                          Diagnostics& diagnostics) {
  if (!system.routes_alerts()) return nullptr;
  const auto [it, is_new] = known_.emplace(&system, nullptr);
  if (!is_new) return it->second;
  auto routing = std::make_shared<Routing>();
  if (!system.alertmanager_file.empty()) {
    Diagnostics own;
    routing->config = alerting::load_config(system.alertmanager_file, own);
    if (own.ok()) {
      routing->payload.templates = alerting::Templates::load(*routing->config, own);
      // The files of secrets are on the machine that Alertmanager runs on.
      routing->payload.missing_secret = alerting::MissingSecret::kMadeUp;
      routing->secrets = alerting::secret_values(*routing->config);
      const auto& warnings = routing->config->warnings;
      warnings_.insert(warnings_.end(), warnings.begin(), warnings.end());
    }
    diagnostics.add(own.sorted());
    if (!own.ok()) return nullptr;
  }
  routing->info = routing_info(system, routing->config.get());
  it->second = routing;
  return routing;
}

void check_routing(const scenario::Scenario& scenario, const Routing& routing,
                   Diagnostics& diagnostics) {
  RoutingCheck check(routing, diagnostics);
  for (const scenario::NotificationExpectation& told : scenario.expect.notifications) {
    check.check(told);
  }
  for (const scenario::SilenceSpec& silence : scenario.silences) check.check(silence);
  for (const faults::Fault& fault : scenario.faults) {
    for (const faults::ReceiverFault& one : fault.receiver_faults) check.check(one);
  }
}

RoutedAlert routed_alert(const alerting::Config& config, const Labels& labels) {
  RoutedAlert routed;
  routed.alert = labels;
  for (const alerting::Route* route : config.route.match(labels)) {
    routed.fell_through = route == &config.route && !config.route.routes.empty();
    auto& receivers = routed.receivers;
    if (std::find(receivers.begin(), receivers.end(), route->receiver) == receivers.end()) {
      receivers.push_back(route->receiver);
    }
    routed.told_within = std::max({routed.told_within, route->group_wait, route->group_interval});
  }
  return routed;
}

std::map<std::string, std::string> external_labels(const scenario::Scenario& scenario) {
  const auto& labels = scenario.system->external_labels;
  return {labels.begin(), labels.end()};
}

std::string generator_url(std::string_view expression) {
  return "http://localhost:9090/graph?g0.expr=" + rules::go_query_escape(expression) + "&g0.tab=1";
}

}  // namespace tocsin::run
