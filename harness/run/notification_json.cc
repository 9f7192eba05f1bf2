#include "harness/run/notification_json.h"

#include <unordered_map>
#include <utility>

#include "harness/run/json_values.h"

namespace tocsin::run {
namespace {

using nlohmann::json;

/// What alerts and texts may take in memory once they are no longer shared.
constexpr std::size_t kLargestExpanded = 1ULL << 30;

/// Things that are written once: their JSON by index, found by its text.
class SharedList {
 public:
  std::size_t index_of(json item) {
    // What is no UTF-8 is replaced when the whole is written, too.
    std::string key = item.dump(-1, ' ', false, json::error_handler_t::replace);
    const auto [it, fresh] = indices_.emplace(std::move(key), items_.size());
    if (fresh) items_.push_back(std::move(item));
    return it->second;
  }
  std::size_t index_of_text(const std::string& text) {
    const auto [it, fresh] = indices_.emplace(text, items_.size());
    if (fresh) items_.push_back(text);
    return it->second;
  }
  json take() { return std::move(items_); }

 private:
  json items_ = json::array();
  std::unordered_map<std::string, std::size_t> indices_;
};

class NotificationWriter {
 public:
  json write(const std::vector<NotificationRecord>& records) {
    json notifications = json::array();
    for (const NotificationRecord& record : records) notifications.push_back(one(record));
    return {{"notifications", std::move(notifications)},
            {"alerts", alerts_.take()},
            {"lists", lists_.take()},
            {"texts", texts_.take()}};
  }

 private:
  json one(const NotificationRecord& record) {
    json list = json::array();
    for (const NotificationAlert& alert : record.alerts) {
      const std::size_t index = alerts_.index_of(
          {labels_to_json(alert.labels), alert.annotations, to_ms(alert.starts_at)});
      if (alert.firing) {
        list.push_back(index);
      } else if (alert.ends_at) {
        list.push_back(json::array({index, to_ms(*alert.ends_at)}));
      } else {
        list.push_back(json::array({index}));
      }
    }
    return {{"at", to_ms(record.at)},
            {"receiver", record.receiver},
            {"integration", record.integration},
            {"integration_index", record.integration_index},
            {"group_key", record.group_key},
            {"group_labels", labels_to_json(record.group_labels)},
            {"firing", record.firing},
            {"alerts", lists_.index_of(std::move(list))},
            {"reason", record.reason},
            {"title", texts_.index_of_text(record.title)},
            {"text", texts_.index_of_text(record.text)},
            {"attempt", record.attempt},
            {"status", record.status},
            {"delivered", record.delivered},
            {"error", record.error}};
  }

  SharedList alerts_;
  SharedList lists_;
  SharedList texts_;
};

class NotificationReader {
 public:
  explicit NotificationReader(const json& object) : object_(object) {
    for (const json& item : object.at("alerts")) {
      NotificationAlert& alert = alerts_.emplace_back();
      alert.labels = labels_from(item.at(0));
      item.at(1).get_to(alert.annotations);
      alert.starts_at = time_from(item.at(2));
    }
  }

  std::vector<NotificationRecord> read() {
    const json& notifications = object_.at("notifications");
    refuse_swelling(notifications);
    std::vector<NotificationRecord> records;
    for (const json& item : notifications) records.push_back(one(item));
    return records;
  }

 private:
  NotificationRecord one(const json& item) {
    NotificationRecord record;
    record.at = time_from(item.at("at"));
    item.at("receiver").get_to(record.receiver);
    item.at("integration").get_to(record.integration);
    item.at("integration_index").get_to(record.integration_index);
    item.at("group_key").get_to(record.group_key);
    record.group_labels = labels_from(item.at("group_labels"));
    item.at("firing").get_to(record.firing);
    for (const json& alert : object_.at("lists").at(item.at("alerts").get<std::size_t>())) {
      record.alerts.push_back(alert_from(alert));
    }
    item.at("reason").get_to(record.reason);
    record.title = text_at(item.at("title"));
    record.text = text_at(item.at("text"));
    item.at("attempt").get_to(record.attempt);
    item.at("status").get_to(record.status);
    item.at("delivered").get_to(record.delivered);
    item.at("error").get_to(record.error);
    return record;
  }

  const std::string& text_at(const json& index) const {
    return object_.at("texts").at(index.get<std::size_t>()).get_ref<const std::string&>();
  }

  const NotificationAlert& told_alert_of(const json& item) const {
    const auto index = (item.is_array() ? item.at(0) : item).get<std::size_t>();
    if (index >= alerts_.size()) refuse("no such alert", item);
    return alerts_[index];
  }

  NotificationAlert alert_from(const json& item) const {
    NotificationAlert alert = told_alert_of(item);
    alert.firing = !item.is_array();
    if (item.is_array() && item.size() > 1) alert.ends_at = time_from(item.at(1));
    return alert;
  }

  /// Before anything of it is in memory.
  void refuse_swelling(const json& notifications) const {
    std::vector<std::size_t> list_bytes;
    for (const json& list : object_.at("lists")) {
      std::size_t bytes = 0;
      for (const json& item : list) {
        bytes += sizeof(NotificationAlert);
        for (const auto& [name, text] : told_alert_of(item).annotations) {
          bytes += 96 + name.size() + text.size();
        }
      }
      list_bytes.push_back(bytes);
    }
    std::size_t expanded = 0;
    for (const json& item : notifications) {
      const auto list = item.at("alerts").get<std::size_t>();
      if (list >= list_bytes.size()) refuse("no such list of alerts", item);
      expanded +=
          list_bytes[list] + text_at(item.at("title")).size() + text_at(item.at("text")).size();
      if (expanded > kLargestExpanded) refuse("the notifications are too large", item);
    }
  }

  const json& object_;
  std::vector<NotificationAlert> alerts_;
};

json routing_to_json(const RoutingInfo& routing) {
  json receivers = json::array();
  for (const ReceiverInfo& receiver : routing.receivers) {
    receivers.push_back({receiver.name, receiver.integrations});
  }
  json alerts = json::array();
  for (const RoutedAlert& routed : routing.alerts) {
    alerts.push_back({{"alert", labels_to_json(routed.alert)},
                      {"receivers", routed.receivers},
                      {"told_within", routed.told_within.count()},
                      {"fell_through", routed.fell_through}});
  }
  return {{"default_receiver", routing.default_receiver},
          {"receivers", std::move(receivers)},
          {"alerts", std::move(alerts)}};
}

RoutingInfo routing_from(const json& object) {
  RoutingInfo routing;
  object.at("default_receiver").get_to(routing.default_receiver);
  for (const json& receiver : object.at("receivers")) {
    routing.receivers.push_back({receiver.at(0), receiver.at(1)});
  }
  for (const json& routed : object.at("alerts")) {
    RoutedAlert& alert = routing.alerts.emplace_back();
    alert.alert = labels_from(routed.at("alert"));
    routed.at("receivers").get_to(alert.receivers);
    alert.told_within = duration_from(routed.at("told_within"));
    // Evidence of before this was noted: the root's receiver, then, was no choice.
    const bool at_root = alert.receivers == std::vector<std::string>{routing.default_receiver};
    alert.fell_through = routed.value("fell_through", at_root);
  }
  return routing;
}

json suppression_to_json(const Suppression& suppression) {
  json object = {{"kind", static_cast<int>(suppression.kind)},
                 {"alert", labels_to_json(suppression.alert)},
                 {"from", to_ms(suppression.from)},
                 {"by", labels_to_json(suppression.by)},
                 {"name", suppression.name}};
  if (suppression.to) object["to"] = to_ms(*suppression.to);
  return object;
}

Suppression suppression_from(const json& object) {
  Suppression suppression;
  suppression.kind = enum_from(object.at("kind"), Suppression::Kind::kMuted);
  suppression.alert = labels_from(object.at("alert"));
  suppression.from = time_from(object.at("from"));
  if (object.contains("to")) suppression.to = time_from(object["to"]);
  suppression.by = labels_from(object.at("by"));
  object.at("name").get_to(suppression.name);
  return suppression;
}

}  // namespace

void add_notifications_to_json(const Evidence& evidence, json& object) {
  if (evidence.routing) object["routing"] = routing_to_json(*evidence.routing);
  if (!evidence.notifications.empty()) {
    object["notified"] = NotificationWriter().write(evidence.notifications);
  }
  for (const Suppression& suppression : evidence.suppressions) {
    object["suppressions"].push_back(suppression_to_json(suppression));
  }
}

void read_notifications_from_json(const json& object, Evidence& evidence) {
  if (object.contains("routing")) evidence.routing = routing_from(object["routing"]);
  if (object.contains("notified")) {
    evidence.notifications = NotificationReader(object["notified"]).read();
  }
  if (!object.contains("suppressions")) return;
  for (const json& item : object["suppressions"]) {
    evidence.suppressions.push_back(suppression_from(item));
  }
}

}  // namespace tocsin::run
