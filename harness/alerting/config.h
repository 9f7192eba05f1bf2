#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/alerting/matchers.h"
#include "harness/alerting/time_interval.h"
#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/model/labels.h"
#include "harness/yaml/node.h"

/// alertmanager.yml as Alertmanager 0.34 reads it: what it refuses is refused here, with its words.

namespace tocsin::alerting {

/// A node of the routing tree with what it inherited.
struct Route {
  SourcePos pos;
  std::string receiver;
  std::vector<std::string> group_by;  ///< sorted
  bool group_by_all = false;
  Duration group_wait = std::chrono::seconds(30);
  Duration group_interval = std::chrono::minutes(5);
  Duration repeat_interval = std::chrono::hours(4);
  Matchers matchers;  ///< in Alertmanager's order
  bool continues = false;
  std::vector<std::string> mute_time_intervals;
  std::vector<std::string> active_time_intervals;
  std::map<std::string, std::string> labels;  ///< templates
  std::vector<Route> routes;

  std::string key;        ///< `{}/{severity="critical"}`
  std::string id;         ///< the same with each node's place among its siblings
  std::size_t index = 0;  ///< in Config::routes()

  /// The nodes that take an alert, in order: the deepest that match. Empty when this one does not.
  std::vector<const Route*> match(const Labels& labels) const;
  /// An alert's labels that make its group.
  Labels group_labels(const Labels& labels) const;
};

/// One way of telling a receiver.
struct Integration {
  std::string kind;       ///< "webhook", "slack", "msteamsv2" …
  std::size_t index = 0;  ///< among those of its kind in the receiver
  bool send_resolved = true;
  std::optional<Nanos> timeout;  ///< of an attempt
  SourcePos pos;
  yaml::NodePtr node;                          ///< as written
  std::map<std::string, std::string> globals;  ///< what it takes from `global`, by its own keys
  yaml::NodePtr http;                          ///< its http_config, or that of `global`; or null
  yaml::NodePtr tls;                           ///< of "email": likewise its tls_config
  /// Where those send to that have no setting for it (Pushover, PagerDuty's version 1), so that a
  /// run can lead them elsewhere; empty: the service's own place.
  std::string address;

  bool has(std::string_view key) const;
  /// A setting's text; what the integration has of itself comes before what it inherits.
  std::string text(std::string_view key, std::string_view otherwise = {}) const;
  bool flag(std::string_view key, bool otherwise = false) const;
};

struct Receiver {
  SourcePos pos;
  std::string name;
  std::map<std::string, std::string> labels;
  std::vector<Integration> integrations;  ///< in Alertmanager's order: by kind, then as written
};

struct InhibitRule {
  SourcePos pos;
  std::string name;
  Matchers source;
  Matchers target;
  std::vector<std::string> equal;  ///< sorted
};

struct Config {
  std::string path;
  std::string text;  ///< as written
  Duration resolve_timeout = std::chrono::minutes(5);
  Route route;
  std::size_t route_count = 0;
  std::vector<Receiver> receivers;
  std::vector<InhibitRule> inhibit_rules;
  std::map<std::string, std::vector<TimeInterval>, std::less<>> time_intervals;
  std::vector<std::string> templates;  ///< patterns, made absolute to the file's folder
  yaml::NodePtr root;
  /// What Alertmanager takes with a warning: matchers that only its old grammar reads.
  std::vector<Error> warnings;

  const Receiver* find_receiver(std::string_view name) const;
  /// Whether one of the named intervals holds; the names of those.
  std::vector<std::string> intervals_at(const std::vector<std::string>& names, Timestamp at) const;
};

inline constexpr std::size_t kLargestConfig = 16 << 20;

/// Every problem goes to `diagnostics`; what is returned is only fit for use when none was added.
std::shared_ptr<const Config> parse_config(std::string path, std::string text,
                                           Diagnostics& diagnostics);
/// The same from disk; an unreadable file is a diagnostic too.
std::shared_ptr<const Config> load_config(const std::string& path, Diagnostics& diagnostics);

/// The configuration as the status API shows it: secrets are "<secret>".
std::string masked_yaml(const Config& config);

}  // namespace tocsin::alerting
