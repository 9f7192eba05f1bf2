#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/alerting/payload.h"
#include "harness/base/error.h"
#include "harness/model/evidence.h"
#include "harness/scenario/scenario.h"

/// Who is told of a system's alerts, ready for runs.

namespace tocsin::run {

struct Routing {
  std::shared_ptr<const alerting::Config> config;  ///< null: there is no Alertmanager
  alerting::PayloadContext payload;                ///< with the configuration's templates
  std::vector<std::string> secrets;                ///< what must not show in evidence
  RoutingInfo info;
};

/// From a configuration that is read. `secrets` stay empty: they are for what goes to receivers.
Routing routing_of(const scenario::System& system, std::shared_ptr<const alerting::Config> config);

/// Reads each system's alertmanager.yml once. Not safe to share between threads; what it returns
/// is.
class RoutingLibrary {
 public:
  /// Null when nobody is told of the system's alerts, and after problems: each goes to
  /// `diagnostics`, once a system.
  std::shared_ptr<const Routing> routing_of(const scenario::System& system,
                                            Diagnostics& diagnostics);
  /// What Alertmanager takes with a warning, of all systems so far.
  const std::vector<Error>& warnings() const { return warnings_; }

 private:
  std::vector<Error> warnings_;
  std::unordered_map<const scenario::System*, std::shared_ptr<const Routing>> known_;
};

/// What a scenario says that the configuration belies: matchers of silences that cannot be read,
/// integrations that a receiver lacks, the end of alerts from receivers that tell none.
void check_routing(const scenario::Scenario& scenario, const Routing& routing,
                   Diagnostics& diagnostics);

/// Where the routes send an alert.
RoutedAlert routed_alert(const alerting::Config& config, const Labels& labels);
/// What Prometheus puts on every alert.
std::map<std::string, std::string> external_labels(const scenario::Scenario& scenario);
/// Where Prometheus shows an expression: what an alert links as its source.
std::string generator_url(std::string_view expression);

}  // namespace tocsin::run
