#include <algorithm>

#include <fmt/format.h>

#include "harness/scenario/read.h"
#include "harness/scenario/values.h"
#include "harness/scenario/when.h"

namespace tocsin::scenario {
namespace {

std::map<std::string, std::string> texts_of(const yaml::Node* node) {
  std::map<std::string, std::string> texts;
  if (node == nullptr) return texts;
  for (const yaml::Node::Entry& entry : node->entries) texts[entry.key->text] = entry.value->text;
  return texts;
}

class AlertReader {
 public:
  AlertReader(const yaml::Node& key, const yaml::Node& node, const ExpectationContext& context)
      : node_(node), context_(context) {
    out_.alert = key.text;
    out_.pos = node.is_map() ? node.pos() : key.pos();
  }

  AlertExpectation read() {
    if (node_.is_scalar()) {
      out_.never = true;
      return std::move(out_);
    }
    out_.labels = texts_of(node_.find("labels"));
    out_.annotations = texts_of(node_.find("annotations"));
    out_.pending = window("pending", out_.never_pending);
    out_.fires = window("fires", out_.never);
    if (const yaml::Node* node = node_.find("resolves"))
      out_.resolves = read_window(*node, context_);
    if (const yaml::Node* value = node_.find("value")) {
      out_.value = read_claim(*value, std::nullopt, context_);
    }
    if (const yaml::Node* times = node_.find("times")) {
      out_.times = read_small_count(*times, context_);
    }
    if (const yaml::Node* state = node_.find("state")) read_states(*state);
    check();
    return std::move(out_);
  }

 private:
  std::optional<TimeWindow> window(std::string_view key, bool& never) {
    const yaml::Node* node = node_.find(key);
    if (node == nullptr) return std::nullopt;
    never = node->text == "never";
    return never ? std::nullopt : read_window(*node, context_);
  }

  void read_states(const yaml::Node& node) {
    const auto read_one = [&](const yaml::Node& item) {
      const yaml::Node* at = item.find("at");
      if (at == nullptr || item.find("is") == nullptr) return;
      const auto point = read_point(*at, context_);
      if (point) out_.states.push_back({*point, text_of(item.find("is")), item.pos()});
    };
    if (node.is_map()) read_one(node);
    for (const yaml::NodePtr& item : node.items) read_one(*item);
  }

  void check() {
    if (node_.is_map() && node_.entries.empty()) {
      context_.problems.add(node_, "this expects nothing", "like fires: 5m..7m after fault");
    }
    out_.never = out_.never || out_.never_pending;
    for (const char* key : {"resolves", "value", "times", "annotations"}) {
      const yaml::Node* node = node_.find(key);
      if (out_.never && node != nullptr) {
        context_.problems.add(*node, fmt::format("an alert that never fires has no \"{}\"", key));
      }
    }
    if (out_.never_pending && node_.find("fires") != nullptr && out_.fires) {
      context_.problems.add(*node_.find("fires"), "an alert that is never pending cannot fire");
    }
    check_order(out_.pending, out_.fires, "fires");
    check_order(out_.fires, out_.resolves, "resolves");
    check_order(out_.pending, out_.resolves, "resolves");
  }

  void check_order(const std::optional<TimeWindow>& first, const std::optional<TimeWindow>& then,
                   std::string_view key) {
    if (!first || !then || then->to >= first->from) return;
    context_.problems.add(
        *node_.find(key),
        fmt::format("this ends at {}, before \"{}\" begins at {}", format_duration(then->to),
                    first->text, format_duration(first->from)));
  }

  const yaml::Node& node_;
  const ExpectationContext& context_;
  AlertExpectation out_;
};

void read_others(const yaml::Node& node, const ExpectationContext& context, Expectations& out) {
  out.others_pos = node.pos();
  out.others_none = node.is_map() || node.text == "none";
  const yaml::Node* allow = node.find("allow");
  if (allow == nullptr) return;
  const auto add = [&](const yaml::Node& name) {
    check_alert_name(name, context);
    out.others_allowed.push_back(name.text);
  };
  if (allow->is_scalar()) add(*allow);
  for (const yaml::NodePtr& name : allow->items) add(*name);
}

}  // namespace

void check_alert_name(const yaml::Node& node, const ExpectationContext& context) {
  const System& system = context.system;
  if (system.rule_files.empty()) {
    context.problems.add(node, fmt::format("the system \"{}\" has no rules, so it has no alert "
                                           "\"{}\"",
                                           system.name, node.text));
    return;
  }
  const auto& known = system.alert_names;
  if (known.empty() || std::find(known.begin(), known.end(), node.text) != known.end()) return;
  context.problems.unknown(
      node, fmt::format("the system \"{}\" has no alert \"{}\"", system.name, node.text), node.text,
      known);
}

void read_alert_expectations(const yaml::Node& node, const ExpectationContext& context,
                             Expectations& out) {
  for (const yaml::Node::Entry& entry : node.entries) {
    if (entry.key->text == "others") {
      read_others(*entry.value, context, out);
      continue;
    }
    check_alert_name(*entry.key, context);
    if (entry.value->is_list()) {
      for (const yaml::NodePtr& item : entry.value->items) {
        out.alerts.push_back(AlertReader(*entry.key, *item, context).read());
      }
    } else {
      out.alerts.push_back(AlertReader(*entry.key, *entry.value, context).read());
    }
  }
}

void read_metric_expectations(const yaml::Node& node, const ExpectationContext& context,
                              Expectations& out) {
  for (const yaml::NodePtr& item : node.items) {
    const yaml::Node* that = item->find("that");
    if (that == nullptr || !that->is_scalar()) continue;
    MetricExpectation metric;
    metric.pos = item->pos();
    metric.expression_pos = that->places().at(std::size_t{0});
    auto expression = promql::parse_expression(that->text);
    if (expression.has_error()) {
      context.problems.add_parse_error(*that, expression.error());
    } else if (expression->root->type != promql::ValueType::kVector &&
               expression->root->type != promql::ValueType::kScalar) {
      context.problems.add(*that, fmt::format("expected an instant vector or a scalar, not a {}",
                                              promql::describe(expression->root->type)));
    } else {
      metric.expression = std::move(*expression);
    }
    const auto when = read_when(*item, context);
    if (!when) {
      context.problems.add(*item, "this needs a time", "at, from and to, always or eventually");
    } else {
      metric.hold = when->hold;
      metric.at = when->at;
      metric.window = when->window;
    }
    const yaml::Node* is = item->find("is");
    metric.absent = text_of(is) == "absent";
    if (is != nullptr && !metric.absent) metric.is = read_claim(*is, std::nullopt, context);
    if (const yaml::Node* series = item->find("series")) {
      metric.series = read_small_count(*series, context);
      if (metric.absent) context.problems.add(*series, "what is absent has no series");
    }
    if (is == nullptr && item->find("series") == nullptr) {
      context.problems.add(*item, "this expects nothing", "add is: CLAIM, is: absent or series: N");
    }
    out.metrics.push_back(std::move(metric));
  }
}

Expectations read_expectations(const yaml::Node& node, const ExpectationContext& context) {
  Expectations out;
  if (const yaml::Node* alerts = node.find("alerts")) {
    read_alert_expectations(*alerts, context, out);
  }
  if (const yaml::Node* notifications = node.find("notifications")) {
    read_notification_expectations(*notifications, context, out);
  }
  if (const yaml::Node* metrics = node.find("metrics")) {
    read_metric_expectations(*metrics, context, out);
  }
  if (const yaml::Node* health = node.find("health")) {
    read_health_expectations(*health, context, out);
  }
  if (const yaml::Node* load = node.find("load")) read_load_expectations(*load, context, out);
  if (const yaml::Node* scrape = node.find("scrape"))
    read_scrape_expectations(*scrape, context, out);
  return out;
}

bool Expectations::empty() const {
  return alerts.empty() && !others_none && metrics.empty() && health.empty() && load.empty() &&
         scrape.empty() && notifications.empty() && !all_notified;
}

}  // namespace tocsin::scenario
