#include <nlohmann/json.hpp>

#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"
#include "harness/model/notification_mark.h"

/// VictorOps (Splunk On-Call): POST KEY/ROUTING_KEY.

namespace tocsin::receivers {

using nlohmann::json;

Reading read_victorops(const Incoming& incoming) {
  Reading reading;
  const json message = object_of(incoming, reading);
  if (message.is_null()) return reading;
  NotificationRecord& record = reading.record;
  reading.identity = text_at(message, "entity_id");
  record.title = text_at(message, "entity_display_name");
  record.text = text_at(message, "state_message");
  const std::string mark = text_at(message, kMarkField.data());
  if (!mark.empty()) reading.details[kMarkDetail] = mark;
  read_texts(reading);
  const std::string type = text_at(message, "message_type");
  if (!type.empty()) {
    record.firing = type != "RECOVERY";
    reading.details["action"] = type;
  }
  for (NotificationAlert& alert : record.alerts) alert.firing = alert.firing && record.firing;
  if (!incoming.rest.empty()) reading.details["channel"] = incoming.rest.back();
  if (type.empty()) {
    const char* const why = "message_type is required";
    refuse_with(reading, 400, why, {{"result", "failure"}, {"message", why}});
  } else {
    accept_with(reading, 200, {{"result", "success"}, {"entity_id", reading.identity}});
  }
  return reading;
}

}  // namespace tocsin::receivers
