#include <nlohmann/json.hpp>

#include "fakes/receivers/alert_texts.h"
#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"

/// Microsoft Teams: message cards of connectors, adaptive cards of workflows.

namespace tocsin::receivers {
namespace {

using nlohmann::json;

void read_adaptive_card(const json& card, Reading& reading) {
  NotificationRecord& record = reading.record;
  for (const json& block : member(card, "body")) {
    const std::string text = text_at(block, "text");
    if (record.title.empty()) {
      record.title = text;
      const std::string color = text_at(block, "color");
      if (!color.empty()) reading.details["color"] = color;
    } else {
      record.text += (record.text.empty() ? "" : "\n") + text;
    }
  }
}

void refuse_teams(Reading& reading, const char* why) {
  reading.problem = why;
  reading.answer = http::text_response(400, why);
}

}  // namespace

Reading read_teams(const Incoming& incoming) {
  Reading reading;
  const json message = parse_json(incoming.request.body, reading.problem);
  if (!message.is_object()) {
    refuse_teams(reading, "Bad payload received by generic incoming webhook.");
    return reading;
  }
  NotificationRecord& record = reading.record;
  const bool workflow = text_at(message, "type") == "message";
  if (workflow) {
    const json& attachments = member(message, "attachments");
    if (attachments.is_array()) {
      for (const json& item : attachments) read_adaptive_card(member(item, "content"), reading);
    }
  } else {
    record.title = text_at(message, "title");
    if (record.title.empty()) record.title = text_at(message, "summary");
    record.text = text_at(message, "text");
    const std::string color = text_at(message, "themeColor");
    if (!color.empty()) reading.details["color"] = color;
  }
  settle_firing(record);
  record.alerts = alerts_in_text(record.text, record.firing);
  if (record.title.empty() && record.text.empty()) {
    refuse_teams(reading, "Summary or Text is required.");
    return reading;
  }
  // A workflow has taken the card, nothing more; a connector has posted it.
  reading.answer =
      workflow ? http::text_response(202, "") : http::text_response(200, "1", "text/plain");
  return reading;
}

}  // namespace tocsin::receivers
