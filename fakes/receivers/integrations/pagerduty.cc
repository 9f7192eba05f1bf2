#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fakes/receivers/alert_texts.h"
#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"
#include "harness/base/utf8.h"
#include "harness/model/notification_mark.h"

/// PagerDuty's Events API, version 2, and the older one (service_key).

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr std::size_t kLargestEvent = 512'000;
constexpr std::size_t kLongestKey = 255;
constexpr std::size_t kLongestSummary = 1024;

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

/// Alerts of custom details: objects since 0.30, the default list before.
void read_alerts(const json& details, bool firing, NotificationRecord& record) {
  const json& alerts = member(details, firing ? "firing" : "resolved");
  if (alerts.is_array()) {
    for (const json& item : alerts) {
      NotificationAlert alert;
      alert.labels = labels_at(item, "labels");
      alert.annotations = texts_at(item, "annotations");
      alert.firing = firing;
      alert.starts_at = time_at(item, "startsAt").value_or(Timestamp());
      if (!firing) alert.ends_at = time_at(item, "endsAt");
      record.alerts.push_back(std::move(alert));
    }
  } else if (alerts.is_string()) {
    for (NotificationAlert& alert : alerts_in_text(alerts.get<std::string>(), firing)) {
      record.alerts.push_back(std::move(alert));
    }
  }
}

void read_details(const json& details, NotificationRecord& record) {
  read_alerts(details, true, record);
  read_alerts(details, false, record);
  if (!details.is_object()) {
    if (!details.is_null()) record.text = shown(details);
    return;
  }
  for (const auto& [name, value] : details.items()) {
    if (name == kMarkField) continue;
    const bool list = value.is_array() && (name == "firing" || name == "resolved");
    if (!list) record.text += fmt::format("{}: {}\n", name, shown(value));
  }
  const json& firing = member(details, "firing");
  if (firing.is_array()) record.text += text_of(record.alerts);
}

class EventCheck {
 public:
  void needs(const json& object, const char* name, const char* shown_as) {
    if (is_blank(text_at(object, name))) {
      errors_.push_back(fmt::format("'{}' is missing or blank", shown_as));
    }
  }
  void at_most(const std::string& text, std::size_t longest, const char* shown_as) {
    if (utf8_length(text) > longest) {
      errors_.push_back(
          fmt::format("'{}' is too long (should be at most {} characters)", shown_as, longest));
    }
  }
  void one_of(const std::string& text, std::initializer_list<const char*> words,
              const char* shown_as) {
    if (is_blank(text)) return;
    for (const char* word : words) {
      if (text == word) return;
    }
    errors_.push_back(fmt::format("'{}' is invalid", shown_as));
  }
  void add(std::string error) { errors_.push_back(std::move(error)); }
  const std::vector<std::string>& errors() const { return errors_; }

 private:
  std::vector<std::string> errors_;
};

std::vector<std::string> errors_of(const json& event) {
  EventCheck check;
  check.needs(event, "routing_key", "routing_key");
  check.needs(event, "event_action", "event_action");
  const std::string action = text_at(event, "event_action");
  check.one_of(action, {"trigger", "acknowledge", "resolve"}, "event_action");
  check.at_most(text_at(event, "dedup_key"), kLongestKey, "dedup_key");
  const json& payload = member(event, "payload");
  if (action == "trigger") {
    if (!payload.is_object()) {
      check.add("'payload' is missing or blank");
    } else {
      check.needs(payload, "summary", "payload.summary");
      check.needs(payload, "source", "payload.source");
      check.needs(payload, "severity", "payload.severity");
      check.one_of(text_at(payload, "severity"), {"critical", "error", "warning", "info"},
                   "payload.severity");
      check.at_most(text_at(payload, "summary"), kLongestSummary, "payload.summary");
    }
  } else {
    check.needs(event, "dedup_key", "dedup_key");
  }
  return check.errors();
}

std::vector<std::string> errors_of_version_1(const json& event) {
  EventCheck check;
  check.needs(event, "service_key", "service_key");
  check.needs(event, "event_type", "event_type");
  const std::string type = text_at(event, "event_type");
  check.one_of(type, {"trigger", "acknowledge", "resolve"}, "event_type");
  if (type == "trigger") {
    check.needs(event, "description", "description");
  } else {
    check.needs(event, "incident_key", "incident_key");
  }
  return check.errors();
}

void read_event(const json& event, bool version_1, Reading& reading) {
  NotificationRecord& record = reading.record;
  const json& payload = member(event, "payload");
  const std::string key = text_at(event, version_1 ? "incident_key" : "dedup_key");
  const std::string action = text_at(event, version_1 ? "event_type" : "event_action");
  record.title = version_1 ? text_at(event, "description") : text_at(payload, "summary");
  record.firing = action != "resolve";
  const json& details =
      member(version_1 ? event : payload, version_1 ? "details" : "custom_details");
  const std::string mark = text_at(details, kMarkField.data());
  if (!mark.empty()) reading.details[kMarkDetail] = mark;
  read_details(details, record);
  for (const json& link : member(event, "links")) {
    record.text += fmt::format("{}: {}\n", text_at(link, "text"), text_at(link, "href"));
  }
  const std::string url = text_at(event, "client_url");
  if (!url.empty()) record.text += fmt::format("{}: {}\n", text_at(event, "client"), url);
  reading.identity = key;
  reading.details = {{"dedup_key", key}, {"action", action}};
  for (const char* name : {"severity", "source", "class", "component", "group"}) {
    const std::string value = text_at(payload, name);
    if (!value.empty()) reading.details[name] = value;
  }
}

}  // namespace

Reading read_pagerduty(const Incoming& incoming) {
  Reading reading;
  const std::string& body = incoming.request.body;
  if (body.size() > kLargestEvent) {
    reading.problem = "the event is larger than 512 kB";
    reading.answer = http::text_response(413, "");
    return reading;
  }
  std::string not_json;
  const json event = parse_json(body, not_json);
  std::vector<std::string> errors = {"the body is not a JSON object"};
  const bool version_1 = event.is_object() && event.contains("service_key");
  if (event.is_object()) {
    read_event(event, version_1, reading);
    errors = version_1 ? errors_of_version_1(event) : errors_of(event);
  }
  const char* const key_name = version_1 ? "incident_key" : "dedup_key";
  json answer;
  if (errors.empty()) {
    // A trigger without a key is given one.
    if (reading.identity.empty()) reading.identity = reading.record.title;
    answer = {{"status", "success"}, {"message", "Event processed"}, {key_name, reading.identity}};
  } else {
    for (const std::string& error : errors) {
      reading.problem += (reading.problem.empty() ? "" : "; ") + error;
    }
    answer = {
        {"status", "invalid event"}, {"message", "Event object is invalid"}, {"errors", errors}};
  }
  const int good = version_1 ? 200 : 202;
  reading.answer = http::text_response(errors.empty() ? good : 400,
                                       answer.dump(-1, ' ', false, json::error_handler_t::replace),
                                       "application/json");
  return reading;
}

}  // namespace tocsin::receivers
