#include <charconv>

#include <nlohmann/json.hpp>

#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"
#include "harness/base/utf8.h"

/// Telegram's bots: POST botTOKEN/sendMessage.

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestMessage = 4096;

/// The character of `&name;` or `&#number;`; 0: none that Telegram knows.
char32_t entity_of(std::string_view name) {
  if (name == "lt") return '<';
  if (name == "gt") return '>';
  if (name == "amp") return '&';
  if (name == "quot") return '"';
  if (!name.starts_with('#')) return 0;
  std::uint32_t number = 0;
  std::from_chars(name.data() + 1, name.data() + name.size(), number);
  return number;
}

/// Without tags; line breaks stay where they are.
std::string telegram_html_text(std::string_view html) {
  constexpr std::size_t kLongestEntity = 8;
  std::string text;
  while (!html.empty()) {
    const char c = html.front();
    // Not far: a long text may have many of them.
    std::size_t end = std::string_view::npos;
    if (c == '&') end = html.substr(0, kLongestEntity + 1).find(';');
    if (c == '<') end = html.find('>');
    if (c == '<' && end == std::string_view::npos) return text.append(html);
    if (c == '<') {
      html.remove_prefix(end + 1);
      continue;
    }
    const bool entity = end != std::string_view::npos;
    const char32_t meant = entity ? entity_of(html.substr(1, end - 1)) : 0;
    if (meant != 0) {
      append_utf8(text, meant);
      html.remove_prefix(end + 1);
    } else {
      text += c;
      html.remove_prefix(1);
    }
  }
  return text;
}

void refuse_telegram(Reading& reading, int status, const std::string& why) {
  refuse_with(reading, status, why, {{"ok", false}, {"error_code", status}, {"description", why}});
}

}  // namespace

Reading read_telegram(const Incoming& incoming) {
  Reading reading;
  const bool sends = incoming.rest.size() == 2 && incoming.rest[0].starts_with("bot") &&
                     incoming.rest[1] == "sendMessage";
  if (!sends) {
    refuse_telegram(reading, 404, "Not Found");
    return reading;
  }
  const json message = parse_json(incoming.request.body, reading.problem);
  if (!message.is_object()) {
    refuse_telegram(reading, 400, "Bad Request: can't parse the request's JSON");
    return reading;
  }
  NotificationRecord& record = reading.record;
  const std::string written = text_at(message, "text");
  record.text = text_at(message, "parse_mode") == "HTML" ? telegram_html_text(written) : written;
  const std::size_t begin = std::min(record.text.find_first_not_of(" \n"), record.text.size());
  record.title = record.text.substr(begin, record.text.find('\n', begin) - begin);
  reading.details["channel"] = shown(member(message, "chat_id"));
  read_texts(reading);
  if (member(message, "chat_id").is_null()) {
    refuse_telegram(reading, 400, "Bad Request: chat_id is empty");
  } else if (record.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    refuse_telegram(reading, 400, "Bad Request: message text is empty");
  } else if (utf8_length(record.text) > kLongestMessage) {
    refuse_telegram(reading, 400, "Bad Request: message is too long");
  } else {
    accept_with(reading, 200,
                {{"ok", true},
                 {"result",
                  {{"message_id", 1},
                   {"date", 1'700'000'000},
                   {"chat", {{"id", 1}, {"type", "group"}, {"title", "on call"}}},
                   {"text", record.text}}}});
  }
  return reading;
}

}  // namespace tocsin::receivers
