#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/yaml/node.h"

/// Which keys a YAML mapping of Alertmanager's configuration may have and what their values look
/// like, as Go's yaml.v2 reads them in strict mode: nothing is the zero value, any plain scalar is
/// a text, but only plain numbers are numbers.

namespace tocsin::alerting {

enum class ValueType {
  kAny,
  kText,
  kSecret,
  kBool,
  kInteger,
  kCount,  ///< an integer that is not negative
  kNumber,
  kDuration,        ///< Prometheus': 1h30m
  kGoDuration,      ///< Go's: 1.5s; or nanoseconds
  kGoDurationText,  ///< without the nanoseconds
  kUrl,
  kSecretUrl,    ///< "<secret>" too
  kTemplateUrl,  ///< a URL, a template, or "<secret>"
  kAnyUrl,       ///< whatever Go takes for a URL
  kHostPort,
  kTexts,     ///< a list of texts
  kTextMap,   ///< names to texts
  kTextsMap,  ///< names to lists of texts
  kMapMap,    ///< names to mappings with a schema
  kAnyMap,    ///< names to anything
  kRegexMap,  ///< label names to regular expressions
  kMatchers,  ///< a list of matchers
  kMap,       ///< a mapping with its own schema
  kMaps,      ///< a list of such
  kTextOrMap,
};

struct Schema;

struct Key {
  std::string_view name;
  ValueType type = ValueType::kText;
  const Schema* schema = nullptr;  ///< of kMap, kMaps, kMapMap and kTextOrMap
};

struct Schema {
  std::string_view what;  ///< "route", as messages say it
  std::vector<Key> keys;
};

/// Checks a node and all below it; every problem goes to `diagnostics`.
void check_value(const yaml::Node& node, const Key& key, Diagnostics& diagnostics);
void check_map(const yaml::Node& node, const Schema& schema, Diagnostics& diagnostics);

// Reading what has been checked: wrong values read as nothing.

/// Null when the map has no such key, or no value for it.
const yaml::Node* find_value(const yaml::Node& map, std::string_view name);
std::string text_of(const yaml::Node& map, std::string_view name);
std::optional<bool> flag_of(const yaml::Node& map, std::string_view name);
std::optional<Duration> duration_of(const yaml::Node& map, std::string_view name);
std::optional<std::int64_t> integer_of(const yaml::Node& map, std::string_view name);
/// Of a list; empty when there is none. Items are never null pointers.
std::span<const yaml::NodePtr> items_of(const yaml::Node& map, std::string_view name);

/// Prometheus' duration syntax, without fractions.
Result<Duration> parse_model_duration(std::string_view text);
/// time.ParseDuration of Go.
Result<Nanos> parse_go_duration(std::string_view text);
/// What is wrong with an http or https URL; nullopt: nothing.
std::optional<std::string> url_problem(std::string_view url);
/// What Go's url.Parse says against a URL.
std::optional<std::string> go_url_problem(std::string_view url);

struct HostPort {
  std::string host;
  std::string port;
};
/// Go's net.SplitHostPort, with a port.
Result<HostPort> parse_host_port(std::string_view text);

}  // namespace tocsin::alerting
