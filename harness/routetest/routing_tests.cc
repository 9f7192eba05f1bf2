#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/alerting/alert.h"
#include "harness/alerting/inhibitor.h"
#include "harness/alerting/schema.h"
#include "harness/routetest/case_reader.h"

/// Items of `tests`: labels in, receivers out.

namespace tocsin::routetest {
namespace {

std::string list_text(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

/// Alerts that fire together, and who silences whom.
class Together {
 public:
  explicit Together(const alerting::Config& config)
      : config_(config), inhibitor_(config.inhibit_rules) {}

  void add(const Labels& labels) {
    const std::uint64_t print = alerting::fingerprint(labels);
    names_[print] = labels;
    inhibitor_.update(print, inhibitor_.roles_of(labels), kEnd);
  }
  /// The labels of an alert that silences this one.
  std::optional<Labels> inhibited_by(const Labels& labels) const {
    const auto source = inhibitor_.muted_by(inhibitor_.roles_of(labels), Timestamp());
    return source ? std::optional(names_.at(*source)) : std::nullopt;
  }
  const alerting::Config& config() const { return config_; }

 private:
  static constexpr Timestamp kEnd = Timestamp(std::chrono::hours(1));

  const alerting::Config& config_;
  alerting::Inhibitor inhibitor_;
  std::unordered_map<std::uint64_t, Labels> names_;
};

class RoutingTest {
 public:
  RoutingTest(const yaml::Node& node, const alerting::Config& config, CaseBuilder& result)
      : node_(node), together_(config), result_(result) {}

  void run() {
    if (node_.find("alerts") != nullptr) return run_together();
    if (!result_.expect_keys(node_,
                             {"name", "labels", "receivers", "receiver", "routes", "at", "muted",
                              "while", "inhibited", "inhibited_by", "note"},
                             "a test")) {
      return;
    }
    const yaml::Node* written = node_.find("labels");
    if (written == nullptr) return result_.fail(node_, "a test needs labels, or alerts");
    const Labels labels = result_.labels(written);
    together_.add(labels);
    for (const yaml::NodePtr& item : alerting::items_of(node_, "while")) {
      together_.add(result_.labels(item.get()));
    }
    if (!result_.good()) return;
    routes_ = together_.config().route.match(labels);
    bool asks = check_receivers(node_, "receivers", labels);
    asks = check_receiver() || asks;
    asks = check_routes() || asks;
    asks = check_muted() || asks;
    asks = check_inhibited(labels) || asks;
    if (!asks) result_.fail(node_, "the test expects nothing: write receivers: [...]");
  }

 private:
  /// The form of `amtool config routes test --test-file`.
  void run_together() {
    if (!result_.expect_keys(node_, {"name", "alerts", "note"}, "a test with alerts")) return;
    const auto alerts = alerting::items_of(node_, "alerts");
    if (alerts.empty()) return result_.fail(node_, "alerts must be a list that is not empty");
    std::vector<Labels> labels;
    for (const yaml::NodePtr& item : alerts) {
      if (!result_.expect_keys(*item, {"labels", "expected_receivers", "expected_inhibited"},
                               "an alert")) {
        return;
      }
      labels.push_back(result_.labels(item->find("labels")));
      together_.add(labels.back());
    }
    for (std::size_t i = 0; i < alerts.size(); ++i) check_one(*alerts[i], labels[i]);
  }

  void check_one(const yaml::Node& alert, const Labels& labels) {
    const std::optional<Labels> by = together_.inhibited_by(labels);
    const bool wanted = alerting::flag_of(alert, "expected_inhibited").value_or(false);
    if (by.has_value() != wanted) {
      result_.fail(alert, fmt::format("{} is {}{}", labels.to_string(),
                                      by ? "inhibited by " + by->to_string() : "not inhibited",
                                      wanted ? ", expected to be" : ""));
    }
    routes_ = together_.config().route.match(labels);
    check_receivers(alert, "expected_receivers", labels);
  }

  bool check_receivers(const yaml::Node& node, std::string_view key, const Labels& labels) {
    const yaml::Node* list = node.find(key);
    if (list == nullptr) return false;
    if (!list->is_list()) {
      result_.fail(*list, fmt::format("{} must be a list of names", key));
      return true;
    }
    std::vector<std::string> wanted;
    for (const yaml::NodePtr& item : list->items) wanted.push_back(known_receiver(*item));
    std::vector<std::string> receivers;
    for (const alerting::Route* route : routes_) receivers.push_back(route->receiver);
    if (receivers != wanted) {
      result_.fail(*list, fmt::format("{} goes to {}, expected {}", labels.to_string(),
                                      list_text(receivers), list_text(wanted)));
    }
    return true;
  }

  /// A name that no receiver has can only be a slip.
  const std::string& known_receiver(const yaml::Node& node) {
    if (together_.config().find_receiver(node.text) == nullptr) {
      result_.fail(node.error(fmt::format("the configuration has no receiver \"{}\"", node.text)));
    }
    return node.text;
  }

  bool check_receiver() {
    const yaml::Node* name = node_.find("receiver");
    if (name == nullptr) return false;
    known_receiver(*name);
    if (routes_.size() != 1 || routes_.front()->receiver != name->text) {
      std::vector<std::string> receivers;
      for (const alerting::Route* route : routes_) receivers.push_back(route->receiver);
      result_.fail(*name, fmt::format("goes to {}, expected {}", list_text(receivers), name->text));
    }
    return true;
  }

  bool check_routes() {
    const yaml::Node* list = node_.find("routes");
    if (list == nullptr) return false;
    check_route_options(*list, routes_, result_);
    return true;
  }

  bool check_muted() {
    const yaml::Node* wanted = node_.find("muted");
    if (wanted == nullptr) return false;
    const Result<Timestamp> at = parse_rfc3339(alerting::text_of(node_, "at"));
    if (at.has_error()) {
      result_.fail(*wanted, "muted when? Write at: 2026-01-28T09:00:00Z");
      return true;
    }
    const bool muted = alerting::flag_of(node_, "muted").value_or(false);
    for (const alerting::Route* route : routes_) {
      const alerting::Config& config = together_.config();
      const bool active = route->active_time_intervals.empty() ||
                          !config.intervals_at(route->active_time_intervals, *at).empty();
      const std::vector<std::string> by = config.intervals_at(route->mute_time_intervals, *at);
      const bool is_muted = !active || !by.empty();
      if (is_muted == muted) continue;
      const std::string why = !is_muted ? "is not muted"
                              : !active ? "is outside of " + list_text(route->active_time_intervals)
                                        : "is muted by " + list_text(by);
      result_.fail(*wanted, fmt::format("the route to {} {} then", route->receiver, why));
    }
    return true;
  }

  bool check_inhibited(const Labels& labels) {
    const std::optional<Labels> by = together_.inhibited_by(labels);
    const yaml::Node* wanted = node_.find("inhibited");
    if (wanted != nullptr &&
        by.has_value() != alerting::flag_of(node_, "inhibited").value_or(false)) {
      result_.fail(*wanted, by ? "it is inhibited by " + by->to_string() : "it is not inhibited");
    }
    const yaml::Node* source = node_.find("inhibited_by");
    if (source != nullptr && by != result_.labels(source)) {
      result_.fail(*source, by ? "it is inhibited by " + by->to_string() : "it is not inhibited");
    }
    return wanted != nullptr || source != nullptr;
  }

  const yaml::Node& node_;
  Together together_;
  CaseBuilder& result_;
  std::vector<const alerting::Route*> routes_;
};

}  // namespace

void run_routing_test(const yaml::Node& node, const alerting::Config& config, CaseBuilder& result) {
  RoutingTest(node, config, result).run();
}

}  // namespace tocsin::routetest
