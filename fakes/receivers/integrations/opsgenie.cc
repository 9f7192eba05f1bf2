#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fakes/receivers/alert_texts.h"
#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"
#include "harness/model/notification_mark.h"

/// Opsgenie's alert API: POST v2/alerts, POST v2/alerts/ALIAS/close, PUT …/message, …/description.

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr const char* kRequestId = "43a29c5c-3dbf-4fa4-9c26-f4f71023e120";

http::Response answer_of(int status, const char* name, const std::string& text,
                         const json& errors = nullptr) {
  json body = {{name, text}, {"took", 0.004}, {"requestId", kRequestId}};
  if (!errors.is_null()) body["errors"] = errors;
  return http::text_response(status, body.dump(-1, ' ', false, json::error_handler_t::replace),
                             "application/json");
}

void refuse_opsgenie(Reading& reading, int status, const std::string& why,
                     const json& errors = nullptr) {
  reading.problem = why;
  if (errors.is_object()) {
    for (const auto& [name, text] : errors.items()) {
      reading.problem = text.get<std::string>();
      break;
    }
  }
  reading.answer = answer_of(status, "message", why, errors);
}

/// "create", "close", "message", "description" and the alias; nothing for other paths.
struct Call {
  std::string what;
  std::string alias;
};

Call call_of(const Incoming& incoming) {
  const std::vector<std::string>& rest = incoming.rest;
  const std::string& method = incoming.request.method;
  if (rest.size() < 2 || rest[0] != "v2" || rest[1] != "alerts") return {};
  if (rest.size() == 2 && method == "POST") return {"create", ""};
  if (rest.size() != 4) return {};
  const bool updates = rest[3] == "message" || rest[3] == "description";
  if ((rest[3] == "close" && method == "POST") || (updates && method == "PUT")) {
    return {rest[3], rest[2]};
  }
  return {};
}

void read_created(const json& alert, Reading& reading) {
  NotificationRecord& record = reading.record;
  reading.identity = text_at(alert, "alias");
  record.title = text_at(alert, "message");
  record.text = text_at(alert, "description");
  settle_firing(record);
  record.alerts = alerts_in_text(record.text, record.firing);
  for (const char* name : {"source", "priority", "entity", "note"}) {
    const std::string value = text_at(alert, name);
    if (!value.empty()) reading.details[name] = value;
  }
  for (const auto& [name, value] : texts_at(alert, "details")) {
    if (name == kMarkField) {
      reading.details[kMarkDetail] = value;
      continue;
    }
    record.text += fmt::format("\n{}: {}", name, value);
  }
  std::string tags;
  for (const json& tag : member(alert, "tags")) tags += (tags.empty() ? "" : ",") + shown(tag);
  if (!tags.empty()) reading.details["tags"] = tags;
}

json errors_of_created(const json& alert) {
  json errors = json::object();
  if (text_at(alert, "message").find_first_not_of(" \t\r\n") == std::string::npos) {
    errors["message"] = "Message can not be empty.";
  }
  const json& priority = member(alert, "priority");
  const std::string level = text_at(alert, "priority");
  if (!priority.is_null() && !(level.size() == 2 && level >= "P1" && level <= "P5")) {
    errors["priority"] = "Priority should be one of [ P1, P2, P3, P4, P5 ]";
  }
  return errors;
}

}  // namespace

Reading read_opsgenie(const Incoming& incoming) {
  Reading reading;
  const Call call = call_of(incoming);
  if (call.what.empty()) {
    refuse_opsgenie(reading, 404, "no such call: " + incoming.request.method);
    return reading;
  }
  reading.details["action"] = call.what;
  reading.identity = call.alias;
  if (!incoming.request.headers.get("Authorization").starts_with("GenieKey ")) {
    refuse_opsgenie(reading, 401, "Could not authenticate");
    return reading;
  }
  const json body = parse_json(incoming.request.body, reading.problem);
  if (!body.is_object()) {
    refuse_opsgenie(reading, 400, "Could not parse request body");
    return reading;
  }
  if (call.what == "create") {
    read_created(body, reading);
    const json errors = errors_of_created(body);
    if (!errors.empty()) {
      refuse_opsgenie(reading, 422, "Request body is not processable. Please check the errors.",
                      errors);
      return reading;
    }
  } else {
    reading.record.firing = call.what != "close";
    reading.record.title = text_at(body, "message");
    reading.record.text = text_at(body, "description");
    if (!text_at(body, "source").empty()) reading.details["source"] = text_at(body, "source");
  }
  reading.answer = answer_of(202, "result", "Request will be processed");
  return reading;
}

}  // namespace tocsin::receivers
