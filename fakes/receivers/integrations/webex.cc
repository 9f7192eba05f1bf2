#include <nlohmann/json.hpp>

#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"

/// Webex: messages into a room, with a bot's token.

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestMarkdown = 7439;

void refuse_webex(Reading& reading, int status, const std::string& why) {
  const json errors = json::array({{{"description", why}}});
  refuse_with(reading, status, why,
              {{"message", why}, {"errors", errors}, {"trackingId", "ROUTER_00000000"}});
}

}  // namespace

Reading read_webex(const Incoming& incoming) {
  Reading reading;
  if (!incoming.request.headers.get("Authorization").starts_with("Bearer ")) {
    refuse_webex(reading, 401, "The request requires a valid access token set in the request.");
    return reading;
  }
  const json message = object_of(incoming, reading);
  if (message.is_null()) return reading;
  NotificationRecord& record = reading.record;
  record.text = text_at(message, "markdown");
  if (record.text.empty()) record.text = text_at(message, "text");
  const std::size_t begin = std::min(record.text.find_first_not_of(" \n"), record.text.size());
  record.title = record.text.substr(begin, record.text.find('\n', begin) - begin);
  const std::string room = text_at(message, "roomId");
  reading.details["channel"] = room;
  read_texts(reading);
  if (room.empty()) {
    refuse_webex(reading, 400,
                 "One of the following must be non-null: roomId, toPersonId, "
                 "toPersonEmail");
  } else if (record.text.empty() || record.text.size() > kLongestMarkdown) {
    refuse_webex(reading, 400,
                 record.text.empty() ? "Unable to post message with no text or file"
                                     : "Message length limited to 7439 bytes");
  } else {
    accept_with(reading, 200, {{"id", "Y2lzY29zcGFyazovL3VzL01FU1NBR0UvMQ"}, {"roomId", room}});
  }
  return reading;
}

}  // namespace tocsin::receivers
