#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fakes/receivers/alert_texts.h"
#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"
#include "harness/model/notification_mark.h"

/// Slack's incoming webhooks and its chat.postMessage and chat.update.

namespace tocsin::receivers {
namespace {

using nlohmann::json;

void add_line(std::string& text, const std::string& line) {
  if (line.empty()) return;
  if (!text.empty()) text += '\n';
  text += line;
}

void read_attachment(const json& attachment, Reading& reading) {
  NotificationRecord& record = reading.record;
  const std::string id = text_at(attachment, "callback_id");
  if (read_notification_mark(id)) reading.details[kMarkDetail] = id;
  add_line(record.text, text_at(attachment, "pretext"));
  std::string title = text_at(attachment, "title");
  if (title.empty()) title = text_at(attachment, "fallback");
  if (record.title.empty()) {
    record.title = title;
  } else {
    add_line(record.text, title);
  }
  add_line(record.text, text_at(attachment, "title_link"));
  add_line(record.text, text_at(attachment, "text"));
  for (const json& field : member(attachment, "fields")) {
    add_line(record.text, fmt::format("{}: {}", text_at(field, "title"), text_at(field, "value")));
  }
  for (const json& action : member(attachment, "actions")) {
    add_line(record.text, fmt::format("{}: {}", text_at(action, "text"), text_at(action, "url")));
  }
  add_line(record.text, text_at(attachment, "footer"));
}

/// Every text within `blocks`, in order.
void read_blocks(const json& blocks, NotificationRecord& record) {
  if (blocks.is_object() && member(blocks, "text").is_string()) {
    add_line(record.text, text_at(blocks, "text"));
    return;
  }
  if (!blocks.is_structured()) return;
  for (const json& item : blocks) read_blocks(item, record);
}

}  // namespace

void read_slack_message(const json& message, Reading& reading) {
  NotificationRecord& record = reading.record;
  const json& attachments = member(message, "attachments");
  if (attachments.is_array()) {
    for (const json& attachment : attachments) read_attachment(attachment, reading);
  }
  read_blocks(member(message, "blocks"), record);
  const std::string text = text_at(message, "text");
  if (record.title.empty()) {
    record.title = text.substr(0, text.find('\n'));
  }
  if (!text.empty()) record.text = record.text.empty() ? text : text + '\n' + record.text;
  settle_firing(record);
  record.alerts = alerts_in_text(record.text, record.firing);
  const std::string color =
      attachments.is_array() && !attachments.empty() ? text_at(attachments[0], "color") : "";
  if (!firing_by_title(record.title) && color == "good") record.firing = false;
  if (!color.empty()) reading.details["color"] = color;
  for (const char* name : {"channel", "username", "ts"}) {
    const std::string value = text_at(message, name);
    if (!value.empty()) reading.details[name] = value;
  }
}

namespace {

/// The web API answers with JSON and 200 always; incoming webhooks with a word.
bool is_web_api(const Incoming& incoming) {
  return (!incoming.rest.empty() && incoming.rest.back().starts_with("chat.")) ||
         incoming.request.headers.get("Authorization").starts_with("Bearer ");
}

void refuse_slack(Reading& reading, bool web_api, const char* error) {
  reading.problem = error;
  reading.answer =
      web_api ? http::text_response(200, fmt::format(R"({{"ok":false,"error":"{}"}})", error),
                                    "application/json; charset=utf-8")
              : http::text_response(400, error, "text/html");
}

}  // namespace

Reading read_slack(const Incoming& incoming) {
  Reading reading;
  const bool web_api = is_web_api(incoming);
  const json message = parse_json(incoming.request.body, reading.problem);
  if (!message.is_object()) {
    refuse_slack(reading, web_api, "invalid_payload");
    return reading;
  }
  read_slack_message(message, reading);
  const bool says_something = !text_at(message, "text").empty() ||
                              !member(message, "attachments").empty() ||
                              !member(message, "blocks").empty();
  if (!says_something) {
    refuse_slack(reading, web_api, "no_text");
  } else if (web_api) {
    const json answer = {{"ok", true},
                         {"channel", "C0000000001"},
                         {"ts", "1700000000.000100"},
                         {"message", {{"type", "message"}, {"ts", "1700000000.000100"}}}};
    reading.answer = http::text_response(200, answer.dump(), "application/json; charset=utf-8");
  } else {
    reading.answer = http::text_response(200, "ok", "text/html");
  }
  return reading;
}

}  // namespace tocsin::receivers
