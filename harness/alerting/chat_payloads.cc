#include <algorithm>
#include <charconv>

#include "harness/alerting/payload_writer.h"
#include "harness/alerting/schema.h"
#include "harness/rules/go_text.h"

/// Chat services other than Slack and Teams.

namespace tocsin::alerting {
namespace {

constexpr std::size_t kDiscordTitle = 256;
constexpr std::size_t kDiscordDescription = 4096;
constexpr std::size_t kDiscordContent = 2000;
constexpr int kDiscordFiring = 0x992D22;
constexpr int kDiscordResolved = 0x2ECC71;
constexpr std::size_t kTelegramMessage = 4096;
constexpr std::size_t kWebexBytes = 7439;
constexpr std::size_t kRocketchatTitle = 1024;
constexpr std::size_t kMattermostText = 16383;

/// At most so many bytes, the ellipsis at its end among them.
std::string cut_to_bytes(const std::string& text, std::size_t bytes) {
  constexpr std::string_view kEllipsis = "…";
  if (text.size() <= bytes) return text;
  std::size_t end = bytes - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end).append(kEllipsis);
}

PayloadJson titled_fields(PayloadWriter& writer, const yaml::Node& of, const char* const* keys) {
  PayloadJson fields = PayloadJson::array();
  for (const yaml::NodePtr& item : items_of(of, "fields")) {
    PayloadJson field = PayloadJson::object();
    for (const char* const* key = keys; *key != nullptr; ++key) {
      if (std::string_view(*key) != "short") {
        put_if(field, *key, writer.setting_in(*item, *key));
      } else if (const auto is_short = flag_of(*item, "short")) {
        field["short"] = *is_short;
      }
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

// --- Telegram ---

std::string chat_id(PayloadWriter& writer) {
  const std::string file = writer.integration().text("chat_id_file");
  if (file.empty()) {
    return std::to_string(integer_of(*writer.integration().node, "chat_id").value_or(0));
  }
  std::string text = writer.secret("chat_id");
  std::int64_t id = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, id);
  if (!writer.failure() && (parsed.ec != std::errc() || parsed.ptr != end)) {
    if (writer.context().missing_secret == MissingSecret::kMadeUp) return "0";
    writer.fail(input_error({}, "could not parse chat_id from " + file));
  }
  return std::to_string(id);
}

std::string telegram_text(PayloadWriter& writer, const std::string& mode) {
  const std::string message =
      writer.integration().text("message", template_call("telegram.default.message"));
  if (mode != "HTML") return cut_to(writer.expand(message), kTelegramMessage);
  std::string text = writer.expand_html(message);
  if (cut_to(text, kTelegramMessage) == text) return text;
  // Half of HTML would be refused.
  return "Alertmanager notification could not be sent: message length exceeds Telegram limits.\n"
         "\t\t\tPlease check the template used for producing the message content.";
}

// --- Mattermost ---

constexpr const char* kMattermostField[] = {"title", "value", "short", nullptr};

PayloadJson mattermost_attachment(PayloadWriter& writer, const yaml::Node& look, bool own_text) {
  const bool is_default = !own_text;
  const auto text = [&](const char* key, const char* otherwise) {
    if (!is_default) return writer.setting_in(look, key);
    return writer.setting(key, otherwise[0] == '\0' ? "" : template_call(otherwise));
  };
  PayloadJson made = PayloadJson::object();
  const std::pair<const char*, const char*> keys[] = {
      {"fallback", "mattermost.default.fallback"},
      {"color", "mattermost.default.color"},
      {"pretext", ""},
      {"text", "mattermost.default.text"},
      {"author_name", ""},
      {"author_link", ""},
      {"author_icon", ""},
      {"title", "mattermost.default.title"},
      {"title_link", "mattermost.default.titlelink"}};
  for (const auto& [key, otherwise] : keys) put_if(made, key, text(key, otherwise));
  PayloadJson fields = titled_fields(writer, look, kMattermostField);
  if (!fields.empty()) made["fields"] = std::move(fields);
  for (const char* key : {"thumb_url", "footer", "footer_icon", "image_url"}) {
    put_if(made, key, text(key, ""));
  }
  return made;
}

/// What does not go together is put right, as Alertmanager does.
PayloadJson mattermost_priority(PayloadWriter& writer, const yaml::Node& written) {
  std::string level = writer.setting_in(written, "priority");
  std::transform(level.begin(), level.end(), level.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (level != "urgent" && level != "important") level = "standard";
  PayloadJson priority;
  priority["priority"] = level;
  const auto flag = [&](const char* key) { return flag_of(written, key).value_or(false); };
  if (flag("requested_ack") && level != "standard") priority["requested_ack"] = true;
  if (flag("persistent_notifications") && level == "urgent") {
    priority["persistent_notifications"] = true;
  }
  return priority;
}

// --- Rocket.Chat ---

PayloadJson rocketchat_attachment(PayloadWriter& writer) {
  const yaml::Node& node = *writer.integration().node;
  PayloadJson made = PayloadJson::object();
  put_if(
      made, "title",
      cut_to(writer.setting("title", template_call("rocketchat.default.title")), kRocketchatTitle));
  put_if(made, "title_link",
         writer.setting("title_link", template_call("rocketchat.default.titlelink")));
  put_if(made, "text", writer.setting("text", template_call("rocketchat.default.text")));
  put_if(made, "image_url", writer.setting("image_url"));
  put_if(made, "thumb_url", writer.setting("thumb_url"));
  put_if(made, "color",
         writer.setting("color", "{{ if eq .Status \"firing\" }}red{{ else }}green{{ end }}"));
  PayloadJson fields = PayloadJson::array();
  for (const yaml::NodePtr& item : items_of(node, "fields")) {
    PayloadJson field;
    field["short"] = flag_of(*item, "short").value_or(writer.integration().flag("short_fields"));
    put_if(field, "title", writer.setting_in(*item, "title"));
    put_if(field, "value", writer.setting_in(*item, "value"));
    fields.push_back(std::move(field));
  }
  if (!fields.empty()) made["fields"] = std::move(fields);
  PayloadJson actions = PayloadJson::array();
  for (const yaml::NodePtr& item : items_of(node, "actions")) {
    PayloadJson action;
    action["type"] = "button";
    put_if(action, "text", writer.setting_in(*item, "text"));
    put_if(action, "url", writer.setting_in(*item, "url"));
    action["is_webview"] = false;
    put_if(action, "msg", writer.setting_in(*item, "msg"));
    action["msg_in_chat_window"] = false;
    actions.push_back(std::move(action));
  }
  if (!actions.empty()) made["actions"] = std::move(actions);
  return made;
}

// --- WeChat ---

/// A string member of a JSON object; "" when there is none.
std::string member_text(const std::string& body, const char* name) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return "";
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

HttpExchange discord_payload(PayloadWriter& writer) {
  const auto text = [&](const char* key, std::size_t most) {
    return cut_to(writer.setting(key, std::string_view(key) == "content"
                                          ? ""
                                          : template_call(std::string("discord.default.") + key)),
                  most);
  };
  PayloadJson embed;
  embed["title"] = text("title", kDiscordTitle);
  embed["description"] = text("message", kDiscordDescription);
  embed["color"] = writer.is_resolved() ? kDiscordResolved : kDiscordFiring;
  PayloadJson message;
  message["content"] = text("content", kDiscordContent);
  message["embeds"] = PayloadJson::array({embed});
  put_if(message, "username", writer.integration().text("username"));
  put_if(message, "avatar_url", writer.integration().text("avatar_url"));
  return writer.post(writer.secret("webhook_url"), go_json(message));
}

HttpExchange telegram_payload(PayloadWriter& writer) {
  const Integration& integration = writer.integration();
  const std::string mode = integration.text("parse_mode", "HTML");
  std::map<std::string, PayloadJson> sorted;
  sorted["chat_id"] = chat_id(writer);
  sorted["text"] = telegram_text(writer, mode);
  sorted["disable_web_page_preview"] = "true";
  if (integration.flag("disable_notifications")) sorted["disable_notification"] = "true";
  if (!mode.empty()) sorted["parse_mode"] = mode;
  const auto thread = integer_of(*integration.node, "message_thread_id").value_or(0);
  if (thread != 0) sorted["message_thread_id"] = std::to_string(thread);
  PayloadJson message = PayloadJson::object();
  for (auto& [key, value] : sorted) message[key] = std::move(value);
  HttpRequest request = writer.request(
      "POST", integration.text("api_url") + "/bot" + writer.secret("bot_token") + "/sendMessage");
  request.headers.insert(request.headers.begin(), {"Content-Type", "application/json"});
  request.body = go_json(message);
  return request;
}

HttpExchange webex_payload(PayloadWriter& writer) {
  PayloadJson message;
  message["markdown"] =
      cut_to_bytes(writer.setting("message", template_call("webex.default.message")), kWebexBytes);
  put_if(message, "roomId", writer.setting("room_id"));
  return writer.post(writer.integration().text("api_url"), go_json(message));
}

HttpExchange mattermost_payload(PayloadWriter& writer) {
  const yaml::Node& node = *writer.integration().node;
  const auto attachments = items_of(node, "attachments");
  PayloadJson message = PayloadJson::object();
  // Beside attachments of its own the text stands before them.
  if (!attachments.empty()) {
    put_if(
        message, "text",
        cut_to(writer.setting("text", template_call("mattermost.default.text")), kMattermostText));
  }
  put_if(message, "channel", writer.setting("channel"));
  put_if(message, "username",
         writer.setting("username", template_call("mattermost.default.username")));
  put_if(message, "icon_url", writer.setting("icon_url"));
  put_if(message, "icon_emoji", writer.setting("icon_emoji"));
  PayloadJson list = PayloadJson::array();
  for (const yaml::NodePtr& item : attachments) {
    list.push_back(mattermost_attachment(writer, *item, true));
  }
  if (list.empty()) list.push_back(mattermost_attachment(writer, node, false));
  message["attachments"] = std::move(list);
  put_if(message, "type", writer.setting("type"));
  const yaml::Node* props = find_value(node, "props");
  if (props != nullptr && !text_of(*props, "card").empty()) {
    message["props"] = PayloadJson::object();
    put_if(message["props"], "card", writer.setting_in(*props, "card"));
  }
  const yaml::Node* priority = find_value(node, "priority");
  if (priority != nullptr && !text_of(*priority, "priority").empty()) {
    message["priority"] = mattermost_priority(writer, *priority);
  }
  const std::string url = writer.secret("webhook_url");
  if (url.empty()) writer.fail(input_error({}, "webhook url missing"));
  return writer.post(url, go_json(message));
}

HttpExchange rocketchat_payload(PayloadWriter& writer) {
  PayloadJson message = PayloadJson::object();
  put_if(message, "channel", writer.setting("channel"));
  put_if(message, "emoji", writer.setting("emoji", template_call("rocketchat.default.emoji")));
  put_if(message, "avatar",
         writer.setting("icon_url", template_call("rocketchat.default.iconurl")));
  message["attachments"] = PayloadJson::array({rocketchat_attachment(writer)});
  HttpRequest request =
      writer.post(joined_url(writer.integration().text("api_url"), "api/v1/chat.postMessage"),
                  go_json(message));
  request.headers.emplace_back("X-Auth-Token", writer.secret("token"));
  request.headers.emplace_back("X-User-Id", writer.secret("token_id"));
  return request;
}

/// A token is asked for first. Alertmanager keeps it for two hours; here each notification asks.
HttpExchange wechat_payload(PayloadWriter& writer) {
  const Integration& integration = writer.integration();
  const bool markdown = integration.text("message_type") == "markdown";
  const PayloadJson content = {
      {"content", writer.setting("message", template_call("wechat.default.message"))}};
  const PayloadJson none = {{"content", ""}};
  PayloadJson message;
  message["text"] = markdown ? none : content;
  const std::pair<const char*, const char*> addressees[] = {
      {"touser", "to_user"}, {"toparty", "to_party"}, {"totag", "to_tag"}, {"agentid", "agent_id"}};
  for (const auto& [name, key] : addressees) {
    put_if(message, name, writer.setting(key, template_call(std::string("wechat.default.") + key)));
  }
  message["safe"] = "0";
  message["msgtype"] = markdown ? "markdown" : "text";
  message["markdown"] = markdown ? content : none;

  const std::string base = integration.text("api_url");
  const std::string corporation = integration.text("corp_id");
  HttpRequest ask = writer.request(
      "GET", joined_url(base, "gettoken") +
                 "?corpid=" + rules::go_query_escape(writer.expand(corporation)) + "&corpsecret=" +
                 rules::go_query_escape(writer.expand(writer.secret("api_secret"))));
  ask.headers.insert(ask.headers.begin(),
                     {"User-Agent", "Alertmanager/" + writer.context().version});
  const HttpRequest tell = writer.post(joined_url(base, "message/send"), go_json(message));
  HttpExchange exchange(std::move(ask));
  exchange.next = [tell, corporation](const std::string& answer) -> Result<HttpExchange> {
    const std::string token = member_text(answer, "access_token");
    if (token.empty()) return input_error({}, "invalid APISecret for CorpID: " + corporation);
    HttpRequest with_token = tell;
    with_token.url += "?access_token=" + rules::go_query_escape(token);
    return HttpExchange(std::move(with_token));
  };
  return exchange;
}

}  // namespace tocsin::alerting
