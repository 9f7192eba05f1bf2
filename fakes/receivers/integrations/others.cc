#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fakes/receivers/alert_texts.h"
#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"

/// Services of which only the texts are looked at.

namespace tocsin::receivers {
namespace {

using nlohmann::json;

/// The body as an object; null, and a reading that refuses it, when it is none.
json object_of(const Incoming& incoming, Reading& reading) {
  json message = parse_json(incoming.request.body, reading.problem);
  if (message.is_object()) return message;
  if (reading.problem.empty()) reading.problem = "not a JSON object";
  const json answer = {{"ok", false}, {"message", reading.problem}};
  reading.answer = http::text_response(400, answer.dump(), "application/json");
  return nullptr;
}

void settle(Reading& reading) {
  settle_firing(reading.record);
  reading.record.alerts = alerts_in_text(reading.record.text, reading.record.firing);
}

}  // namespace

Reading read_discord(const Incoming& incoming) {
  Reading reading;
  const json message = object_of(incoming, reading);
  if (message.is_null()) return reading;
  NotificationRecord& record = reading.record;
  record.text = text_at(message, "content");
  const json& embeds = member(message, "embeds");
  if (embeds.is_array()) {
    for (const json& embed : embeds) {
      if (record.title.empty()) record.title = text_at(embed, "title");
      record.text += (record.text.empty() ? "" : "\n") + text_at(embed, "description");
    }
  }
  settle(reading);
  reading.answer.status = 204;
  return reading;
}

Reading read_telegram(const Incoming& incoming) {
  Reading reading;
  const json message = object_of(incoming, reading);
  if (message.is_null()) return reading;
  NotificationRecord& record = reading.record;
  record.text = text_at(message, "text");
  record.title = record.text.substr(0, record.text.find('\n'));
  reading.details["channel"] = shown(member(message, "chat_id"));
  settle(reading);
  const json answer = {{"ok", true},
                       {"result",
                        {{"message_id", 1},
                         {"date", 1'700'000'000},
                         {"chat", {{"id", 1}, {"type", "group"}, {"title", "on call"}}},
                         {"text", record.text}}}};
  reading.answer = http::text_response(
      200, answer.dump(-1, ' ', false, json::error_handler_t::replace), "application/json");
  return reading;
}

Reading read_victorops(const Incoming& incoming) {
  Reading reading;
  const json message = object_of(incoming, reading);
  if (message.is_null()) return reading;
  NotificationRecord& record = reading.record;
  reading.identity = text_at(message, "entity_id");
  record.title = text_at(message, "entity_display_name");
  record.text = text_at(message, "state_message");
  settle(reading);
  const std::string type = text_at(message, "message_type");
  if (!type.empty()) {
    record.firing = type != "RECOVERY";
    reading.details["action"] = type;
  }
  const json answer = {{"result", "success"}, {"entity_id", reading.identity}};
  reading.answer = http::text_response(
      200, answer.dump(-1, ' ', false, json::error_handler_t::replace), "application/json");
  return reading;
}

Reading read_other(const Incoming& incoming) {
  Reading reading;
  NotificationRecord& record = reading.record;
  // Some of them send forms; those are kept as they are.
  std::string no_json;
  const json message = parse_json(incoming.request.body, no_json);
  if (message.is_object()) {
    for (const char* name : {"title", "summary", "subject"}) {
      if (record.title.empty()) record.title = text_at(message, name);
    }
    for (const char* name : {"markdown", "text", "message", "description", "content"}) {
      if (record.text.empty()) record.text = text_at(message, name);
    }
  }
  if (record.title.empty()) record.title = record.text.substr(0, record.text.find('\n'));
  settle(reading);
  reading.answer = http::text_response(200, "{}", "application/json");
  return reading;
}

}  // namespace tocsin::receivers
