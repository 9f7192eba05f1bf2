#include <nlohmann/json.hpp>

#include "fakes/receivers/alert_texts.h"
#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"

/// Alertmanager's own webhook, version 4; any other JSON is taken, too, and kept as it is.

namespace tocsin::receivers {
namespace {

using nlohmann::json;

NotificationAlert webhook_alert(const json& item) {
  NotificationAlert alert;
  alert.labels = labels_at(item, "labels");
  alert.annotations = texts_at(item, "annotations");
  alert.firing = text_at(item, "status") != "resolved";
  alert.starts_at = time_at(item, "startsAt").value_or(Timestamp());
  if (!alert.firing) alert.ends_at = time_at(item, "endsAt");
  return alert;
}

/// `team\.x`, quoted for regular expressions, as it was.
std::string unquoted(std::string_view pattern) {
  std::string name;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    name += pattern[i];
  }
  return name;
}

}  // namespace

void read_alertmanager_message(const json& message, Reading& reading) {
  NotificationRecord& record = reading.record;
  record.group_key = text_at(message, "groupKey");
  record.group_labels = labels_at(message, "groupLabels");
  record.firing = text_at(message, "status") != "resolved";
  record.reason = text_at(message, "notification_reason");
  for (const json& item : member(message, "alerts")) record.alerts.push_back(webhook_alert(item));
  record.title = title_of(record);
  record.text = text_of(record.alerts);
  reading.identity = record.group_key;
  reading.details["receiver"] = unquoted(text_at(message, "receiver"));
  const json& cut = member(message, "truncatedAlerts");
  if (cut.is_number_unsigned() && cut != 0) reading.details["truncated_alerts"] = cut.dump();
}

namespace {

/// A payload of somebody's own: what such messages usually call their texts.
void read_own(const json& message, Reading& reading) {
  NotificationRecord& record = reading.record;
  for (const char* name : {"title", "summary", "subject", "alertname", "rule", "name"}) {
    if (record.title.empty()) record.title = text_at(message, name);
  }
  for (const char* name : {"text", "message", "description", "body", "content"}) {
    if (record.text.empty()) record.text = text_at(message, name);
  }
  const std::string status = text_at(message, "status");
  if (!status.empty())
    record.firing = status != "resolved" && status != "ok";
  else
    settle_firing(record);
  const std::string severity = text_at(message, "severity");
  if (!severity.empty()) reading.details["severity"] = severity;
}

}  // namespace

Reading read_webhook(const Incoming& incoming) {
  Reading reading;
  const json message = parse_json(incoming.request.body, reading.problem);
  if (!reading.problem.empty()) {
    reading.answer = http::text_response(400, reading.problem + '\n');
    return reading;
  }
  if (text_at(message, "version") == "4" && member(message, "alerts").is_array()) {
    read_alertmanager_message(message, reading);
  } else {
    read_own(message, reading);
  }
  reading.answer = http::text_response(200, "");
  return reading;
}

}  // namespace tocsin::receivers
