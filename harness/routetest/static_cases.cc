#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/alerting/schema.h"
#include "harness/alerting/schemas.h"
#include "harness/routetest/case_reader.h"

/// Cases without a clock: routes, time intervals, configurations.

namespace tocsin::routetest {
namespace {

std::string joined_names(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

std::vector<std::string> texts(const yaml::Node& map, std::string_view key) {
  std::vector<std::string> found;
  for (const yaml::NodePtr& item : alerting::items_of(map, key)) found.push_back(item->text);
  return found;
}

std::shared_ptr<const alerting::Config> config_of(const yaml::Node& node, CaseBuilder& result) {
  const yaml::Node* written = alerting::find_value(node, "config");
  if (written == nullptr) {
    result.fail(node, "the case has no config");
    return nullptr;
  }
  std::vector<Error> errors;
  auto config =
      embedded_config(*written, written->is_scalar() ? written->text : yaml_text(*written), errors);
  for (const Error& error : errors) result.fail(error);
  return errors.empty() ? config : nullptr;
}

void check_item(const yaml::Node& item, CaseBuilder& result) {
  if (!result.expect_keys(item,
                          {"name", "ok", "debian", "sid", "config", "raw", "message",
                           "message_main", "min_am", "max_am", "note"},
                          "an item")) {
    return;
  }
  if (is_newer(alerting::text_of(item, "min_am")) || is_older(alerting::text_of(item, "max_am")))
    return;
  const std::string name = alerting::text_of(item, "name");
  const yaml::Node* raw = item.find("raw");
  const yaml::Node* written = alerting::find_value(item, "config");
  if (raw == nullptr && written == nullptr) {
    return result.fail(item, "an item needs a config, or raw");
  }
  std::string text = raw != nullptr ? raw->text : "";
  if (raw == nullptr) text = written->is_scalar() ? written->text : yaml_text(*written);
  std::vector<Error> errors;
  embedded_config(raw != nullptr ? *raw : *written, text, errors);
  const bool wanted = alerting::flag_of(item, "ok").value_or(true);
  if (wanted && !errors.empty()) {
    return result.fail(item, fmt::format("\"{}\" is refused: {}", name, errors[0].message));
  }
  if (wanted) return;
  if (errors.empty()) return result.fail(item, fmt::format("\"{}\" is accepted", name));
  std::string message = alerting::text_of(item, "message_main");
  if (message.empty()) message = alerting::text_of(item, "message");
  const bool said = std::any_of(errors.begin(), errors.end(), [&](const Error& error) {
    return error.message.find(message) != std::string::npos;
  });
  if (!said) {
    result.fail(item, fmt::format("\"{}\" is refused with \"{}\", expected \"{}\"", name,
                                  errors[0].message, message));
  }
}

void check_instants(const yaml::Node& item, std::string_view key, bool wanted,
                    const alerting::TimeInterval& interval, CaseBuilder& result) {
  for (const yaml::NodePtr& node : alerting::items_of(item, key)) {
    const Result<Timestamp> at = parse_rfc3339(node->text);
    if (at.has_error()) {
      result.fail(*node, at.error().message);
    } else if (interval.contains(*at) != wanted) {
      result.fail(*node,
                  fmt::format("{} is {} the interval", node->text, wanted ? "not in" : "in"));
    }
  }
}

}  // namespace

void check_route_options(const yaml::Node& list, const std::vector<const alerting::Route*>& routes,
                         CaseBuilder& result) {
  const auto& options = list.items;
  if (options.size() != routes.size()) {
    result.fail(list, fmt::format("{} routes expected, {} found", options.size(), routes.size()));
  }
  for (std::size_t i = 0; i < std::min(options.size(), routes.size()); ++i) {
    const yaml::Node& want = *options[i];
    if (!result.expect_keys(want,
                            {"group_by_all", "group_by", "min_am", "max_am", "group_wait",
                             "group_interval", "repeat_interval", "receiver"},
                            "a route")) {
      continue;
    }
    if (is_newer(alerting::text_of(want, "min_am")) || is_older(alerting::text_of(want, "max_am")))
      continue;
    const alerting::Route& route = *routes[i];
    const std::string receiver = alerting::text_of(want, "receiver");
    if (!receiver.empty() && receiver != route.receiver) {
      result.fail(want, "receiver is " + route.receiver);
    }
    if (const auto all = alerting::flag_of(want, "group_by_all");
        all && *all != route.group_by_all) {
      result.fail(want, fmt::format("group_by_all is {}", route.group_by_all));
    }
    if (alerting::find_value(want, "group_by") != nullptr) {
      std::vector<std::string> names = texts(want, "group_by");
      std::sort(names.begin(), names.end());
      if (names != route.group_by) {
        result.fail(want, "group_by is " + joined_names(route.group_by));
      }
    }
    const std::pair<std::string_view, Duration> timers[] = {
        {"group_wait", route.group_wait},
        {"group_interval", route.group_interval},
        {"repeat_interval", route.repeat_interval}};
    for (const auto& [key, length] : timers) {
      const auto wanted = alerting::duration_of(want, key);
      if (wanted && *wanted != length) {
        result.fail(want, fmt::format("{} is {}", key, format_duration(length)));
      }
    }
  }
}

void run_route_case(const yaml::Node& node, CaseBuilder& result) {
  const auto config = config_of(node, result);
  if (!config) return;
  const auto queries = alerting::items_of(node, "queries");
  if (queries.empty()) result.fail(node, "the case asks nothing");
  for (const yaml::NodePtr& query : queries) {
    if (!result.expect_keys(*query, {"labels", "receivers", "opts", "min_am", "max_am", "note"},
                            "a query")) {
      continue;
    }
    if (is_newer(alerting::text_of(*query, "min_am")) ||
        is_older(alerting::text_of(*query, "max_am")))
      continue;
    const auto routes = config->route.match(result.labels(query->find("labels")));
    std::vector<std::string> receivers;
    for (const alerting::Route* route : routes) receivers.push_back(route->receiver);
    const std::vector<std::string> wanted = texts(*query, "receivers");
    if (receivers != wanted) {
      result.fail(*query, fmt::format("goes to {}, expected {}", joined_names(receivers),
                                      joined_names(wanted)));
    }
    if (const yaml::Node* options = alerting::find_value(*query, "opts")) {
      check_route_options(*options, routes, result);
    }
  }
}

void run_interval_case(const yaml::Node& node, CaseBuilder& result) {
  const auto items = alerting::items_of(node, "items");
  if (items.empty()) result.fail(node, "the case asks nothing");
  for (const yaml::NodePtr& item : items) {
    if (!result.expect_keys(*item, {"interval", "contains", "excludes", "note"}, "an item"))
      continue;
    const yaml::Node* written = alerting::find_value(*item, "interval");
    if (written == nullptr) {
      result.fail(*item, "the item has no interval");
      continue;
    }
    Diagnostics diagnostics;
    alerting::check_map(*written, alerting::time_interval_schema(), diagnostics);
    const alerting::TimeInterval interval = alerting::read_time_interval(*written, diagnostics);
    for (const Error& error : diagnostics.sorted()) result.fail(error);
    if (!diagnostics.ok()) continue;
    check_instants(*item, "contains", true, interval, result);
    check_instants(*item, "excludes", false, interval, result);
  }
}

void run_config_case(const yaml::Node& node, CaseBuilder& result) {
  const auto items = alerting::items_of(node, "items");
  if (items.empty()) result.fail(node, "the case asks nothing");
  for (const yaml::NodePtr& item : items) check_item(*item, result);
}

}  // namespace tocsin::routetest
