#include <nlohmann/json.hpp>

#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"

/// Rocket.Chat's chat.postMessage: Slack's form, a user's token in headers, and answers that say
/// whether it worked.

namespace tocsin::receivers {
namespace {

using nlohmann::json;

void refuse_rocketchat(Reading& reading, const char* why) {
  refuse_with(reading, 400, why, {{"success", false}, {"error", why}});
}

}  // namespace

Reading read_rocketchat(const Incoming& incoming) {
  Reading reading;
  const http::Headers& headers = incoming.request.headers;
  if (headers.get("X-Auth-Token").empty() || headers.get("X-User-Id").empty()) {
    const char* const why = "You must be logged in to do this.";
    refuse_with(reading, 401, why, {{"status", "error"}, {"message", why}});
    return reading;
  }
  const json message = parse_json(incoming.request.body, reading.problem);
  if (!message.is_object()) {
    refuse_rocketchat(reading, "Invalid JSON");
    return reading;
  }
  read_slack_message(message, reading);
  if (reading.details["color"].empty()) reading.details.erase("color");
  const std::string channel = text_at(message, "channel");
  if (channel.empty() && text_at(message, "roomId").empty()) {
    refuse_rocketchat(reading, "[invalid-channel]");
  } else {
    accept_with(reading, 200, {{"ts", 1'700'000'000'000}, {"channel", channel}, {"success", true}});
  }
  return reading;
}

}  // namespace tocsin::receivers
