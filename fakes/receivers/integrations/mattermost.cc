#include <nlohmann/json.hpp>

#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"

/// Mattermost's incoming webhooks: Slack's form with answers of its own.

namespace tocsin::receivers {
namespace {

using nlohmann::json;

void refuse_mattermost(Reading& reading, const char* id, const char* why) {
  refuse_with(reading, 400, why,
              {{"id", id}, {"message", why}, {"detailed_error", ""}, {"status_code", 400}});
}

}  // namespace

Reading read_mattermost(const Incoming& incoming) {
  Reading reading;
  const json message = parse_json(incoming.request.body, reading.problem);
  if (!message.is_object()) {
    refuse_mattermost(reading, "web.incoming_webhook.parse.app_error",
                      "Unable to parse incoming data.");
    return reading;
  }
  read_slack_message(message, reading);
  const std::string priority = text_at(member(message, "priority"), "priority");
  if (!priority.empty()) reading.details["priority"] = priority;
  if (text_at(message, "text").empty() && member(message, "attachments").empty()) {
    refuse_mattermost(reading, "web.incoming_webhook.text.app_error", "No text specified.");
  } else {
    reading.answer = http::text_response(200, "ok");
  }
  return reading;
}

}  // namespace tocsin::receivers
