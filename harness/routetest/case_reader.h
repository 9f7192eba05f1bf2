#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/alerting/config.h"
#include "harness/base/error.h"
#include "harness/model/labels.h"
#include "harness/routetest/run.h"
#include "harness/yaml/node.h"

/// Reading tests: what all kinds share.

namespace tocsin::routetest {

/// A test on its way from reading to a result. Problems of a test are its failures.
class CaseBuilder {
 public:
  explicit CaseBuilder(CaseResult& result) : result_(result) {}

  /// Fails the case; the place is put before.
  void fail(const yaml::Node& node, std::string_view message);
  void fail(std::string message);
  void fail(const Error& error);
  void skip(std::string why);
  bool good() const { return result_.outcome == CaseResult::Outcome::kPassed; }

  /// A mapping with no keys but these; false after a complaint.
  bool expect_keys(const yaml::Node& node, std::initializer_list<std::string_view> keys,
                   std::string_view what);
  /// Seconds, as a whole or decimal number.
  std::optional<Duration> seconds(const yaml::Node& map, std::string_view key);
  std::optional<std::int64_t> integer(const yaml::Node& map, std::string_view key);
  Labels labels(const yaml::Node* node);

 private:
  CaseResult& result_;
};

/// Whether `version` ("0.30") is above or below Alertmanager's that is modelled here.
bool is_newer(std::string_view version);
bool is_older(std::string_view version);

/// Anything of YAML as text that reads the same; used for configurations inside of tests.
std::string yaml_text(const yaml::Node& node);
nlohmann::ordered_json to_json(const yaml::Node& node);

/// A configuration written as a text, or as a mapping, inside a test. Errors have the places of the
/// test file.
std::shared_ptr<const alerting::Config> embedded_config(const yaml::Node& node, std::string text,
                                                        std::vector<Error>& errors);

// One kind each; `node` is the case.
void run_timeline(const yaml::Node& node, const yaml::Node* defaults, CaseBuilder& result);
void run_route_case(const yaml::Node& node, CaseBuilder& result);
/// What is expected of routes: `receiver`, `group_by`, `group_wait` and the like, one item each.
void check_route_options(const yaml::Node& list, const std::vector<const alerting::Route*>& routes,
                         CaseBuilder& result);
void run_interval_case(const yaml::Node& node, CaseBuilder& result);
void run_config_case(const yaml::Node& node, CaseBuilder& result);

/// An item of `tests`, in either form.
void run_routing_test(const yaml::Node& node, const alerting::Config& config, CaseBuilder& result);

}  // namespace tocsin::routetest
