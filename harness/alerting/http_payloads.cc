#include <algorithm>

#include "harness/alerting/payload_writer.h"
#include "harness/alerting/schema.h"

/// The integrations over HTTP. Keys stand in the order in which Alertmanager writes them.

namespace tocsin::alerting {
namespace {

constexpr std::size_t kSlackTitle = 1024;
constexpr std::size_t kPagerdutySummary = 1024;
constexpr std::size_t kPagerdutyEvent = 512'000;
constexpr std::size_t kOpsgenieMessage = 130;

// --- Slack ---

PayloadJson slack_fields(PayloadWriter& writer) {
  PayloadJson fields = PayloadJson::array();
  const yaml::Node* list = writer.node("fields");
  if (list == nullptr) return fields;
  const bool short_fields = writer.integration().flag("short_fields");
  for (const yaml::NodePtr& item : list->items) {
    PayloadJson field;
    put_if(field, "title", writer.setting_in(*item, "title"));
    put_if(field, "value", writer.setting_in(*item, "value"));
    field["short"] = flag_of(*item, "short").value_or(short_fields);
    fields.push_back(std::move(field));
  }
  return fields;
}

PayloadJson slack_actions(PayloadWriter& writer) {
  PayloadJson actions = PayloadJson::array();
  const yaml::Node* list = writer.node("actions");
  if (list == nullptr) return actions;
  for (const yaml::NodePtr& item : list->items) {
    PayloadJson action = PayloadJson::object();
    // One with a URL has nothing of a message action.
    const bool link = !text_of(*item, "url").empty();
    for (const char* key : {"type", "text", "url", "style", "name", "value"}) {
      const bool of_message = std::string_view(key) == "name" || std::string_view(key) == "value";
      if (!(link && of_message)) put_if(action, key, writer.setting_in(*item, key));
    }
    const yaml::Node* confirm = link ? nullptr : find_value(*item, "confirm");
    if (confirm != nullptr) {
      PayloadJson box = PayloadJson::object();
      for (const char* key : {"text", "title", "ok_text", "dismiss_text"}) {
        put_if(box, key, writer.setting_in(*confirm, key));
      }
      action["confirm"] = std::move(box);
    }
    actions.push_back(std::move(action));
  }
  return actions;
}

PayloadJson slack_attachment(PayloadWriter& writer) {
  const auto text = [&](const char* key, std::string_view name) {
    return writer.setting(key, name.empty() ? "" : template_call(name));
  };
  PayloadJson attachment;
  put_if(attachment, "title", cut_to(text("title", "slack.default.title"), kSlackTitle));
  put_if(attachment, "title_link", text("title_link", "slack.default.titlelink"));
  put_if(attachment, "pretext", text("pretext", "slack.default.pretext"));
  attachment["text"] = text("text", "slack.default.text");
  attachment["fallback"] = text("fallback", "slack.default.fallback");
  attachment["callback_id"] = text("callback_id", "slack.default.callbackid");
  if (PayloadJson fields = slack_fields(writer); !fields.empty()) attachment["fields"] = fields;
  if (PayloadJson actions = slack_actions(writer); !actions.empty())
    attachment["actions"] = actions;
  put_if(attachment, "image_url", text("image_url", ""));
  put_if(attachment, "thumb_url", text("thumb_url", ""));
  attachment["footer"] = text("footer", "slack.default.footer");
  put_if(attachment, "color", text("color", "slack.default.color"));
  PayloadJson markdown = PayloadJson::array();
  if (const yaml::Node* list = writer.node("mrkdwn_in")) {
    for (const yaml::NodePtr& item : list->items) markdown.push_back(item->text);
  }
  if (markdown.empty()) markdown = {"fallback", "pretext", "text"};
  attachment["mrkdwn_in"] = std::move(markdown);
  return attachment;
}

// --- PagerDuty ---

PayloadJson pagerduty_details(PayloadWriter& writer) {
  std::map<std::string, PayloadJson> details;
  const yaml::Node* written = writer.node("details");
  if (written != nullptr && written->is_map()) {
    for (const auto& [key, value] : written->entries)
      details[key->text] = writer.expand_deep(*value);
  }
  const std::pair<const char*, const char*> defaults[] = {
      {"firing", "{{ .Alerts.Firing | toJson }}"},
      {"resolved", "{{ .Alerts.Resolved | toJson }}"},
      {"num_firing", "{{ .Alerts.Firing | len }}"},
      {"num_resolved", "{{ .Alerts.Resolved | len }}"}};
  for (const auto& [key, text] : defaults) {
    if (details.count(key) == 0) details[key] = writer.expand_typed(text);
  }
  PayloadJson json = PayloadJson::object();
  for (auto& [key, value] : details) json[key] = std::move(value);
  return json;
}

/// Images or links; those without their first key are left out.
PayloadJson pagerduty_list(PayloadWriter& writer, std::string_view name,
                           std::initializer_list<const char*> keys) {
  PayloadJson list = PayloadJson::array();
  const yaml::Node* written = writer.node(name);
  if (written == nullptr) return list;
  for (const yaml::NodePtr& item : written->items) {
    PayloadJson one;
    for (const char* key : keys) one[key] = writer.setting_in(*item, key);
    if (one[*keys.begin()] != "") list.push_back(std::move(one));
  }
  return list;
}

std::string pagerduty_body(PayloadJson& message, PayloadJson& details) {
  std::string body = go_json(message);
  if (body.size() <= kPagerdutyEvent) return body;
  details = {{"error",
              "Custom details have been removed because the original event exceeds the maximum "
              "size of 512KB"}};
  return go_json(message);
}

HttpExchange pagerduty_version_1(PayloadWriter& writer) {
  const bool resolved = writer.is_resolved();
  const std::string description = template_call("pagerduty.default.description");
  PayloadJson message;
  message["service_key"] = writer.expand(writer.secret("service_key"));
  message["incident_key"] = group_key_hash(writer.notification().group_key);
  message["event_type"] = resolved ? "resolve" : "trigger";
  put_if(message, "description",
         cut_to(writer.setting("description", description), kPagerdutySummary));
  message["event_action"] = "";
  message["payload"] = nullptr;
  if (!resolved) {
    put_if(message, "client", writer.setting("client", template_call("pagerduty.default.client")));
    put_if(message, "client_url",
           writer.setting("client_url", template_call("pagerduty.default.clientURL")));
  }
  message["details"] = pagerduty_details(writer);
  if (message["service_key"] == "") writer.fail(input_error({}, "service key cannot be empty"));
  return writer.post(
      writer.fixed_url("https://events.pagerduty.com/generic/2010-04-15/create_event.json"),
      pagerduty_body(message, message["details"]));
}

// --- Opsgenie ---

/// Split at commas; empty parts are left out.
PayloadJson comma_list(const std::string& text) {
  PayloadJson list = PayloadJson::array();
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return list;
  std::string_view rest =
      std::string_view(text).substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    if (!one.empty()) list.push_back(std::string(one));
  }
  return list;
}

PayloadJson opsgenie_responders(PayloadWriter& writer) {
  PayloadJson responders = PayloadJson::array();
  const yaml::Node* list = writer.node("responders");
  if (list == nullptr) return responders;
  for (const yaml::NodePtr& item : list->items) {
    PayloadJson one = PayloadJson::object();
    for (const char* key : {"id", "name", "username"}) {
      put_if(one, key, writer.setting_in(*item, key));
    }
    const std::string type = writer.setting_in(*item, "type");
    if (one.empty() && type.empty()) continue;
    if (type == "teams") {
      for (const PayloadJson& team : comma_list(one.value("name", ""))) {
        responders.push_back({{"name", team}, {"type", "team"}});
      }
      continue;
    }
    one["type"] = type;
    responders.push_back(std::move(one));
  }
  return responders;
}

PayloadJson opsgenie_alert(PayloadWriter& writer, const std::string& alias) {
  std::map<std::string, std::string> details = writer.data().common_labels;
  const yaml::Node* written = writer.node("details");
  if (written != nullptr && written->is_map()) {
    for (const auto& [key, value] : written->entries)
      details[key->text] = writer.expand(value->text);
  }
  PayloadJson alert;
  alert["alias"] = alias;
  alert["message"] = cut_to(writer.setting("message", template_call("opsgenie.default.message")),
                            kOpsgenieMessage);
  put_if(alert, "description",
         writer.setting("description", template_call("opsgenie.default.description")));
  alert["details"] = PayloadJson::object();
  for (const auto& [key, value] : details) alert["details"][key] = value;
  alert["source"] = writer.setting("source", template_call("opsgenie.default.source"));
  if (PayloadJson list = opsgenie_responders(writer); !list.empty()) alert["responders"] = list;
  if (PayloadJson list = comma_list(writer.setting("tags")); !list.empty()) alert["tags"] = list;
  for (const char* key : {"note", "priority", "entity"}) put_if(alert, key, writer.setting(key));
  if (PayloadJson list = comma_list(writer.setting("actions")); !list.empty()) {
    alert["actions"] = list;
  }
  return alert;
}

/// "Attention", "8C1A1A" and the like, by status.
std::string status_colour(const PayloadWriter& writer, std::string firing, std::string resolved) {
  return writer.is_resolved() ? resolved : firing;
}

}  // namespace

HttpExchange webhook_payload(PayloadWriter& writer) {
  const Integration& integration = writer.integration();
  const auto most = integer_of(*integration.node, "max_alerts").value_or(0);
  Notification rendered = writer.notification();
  rendered.route_labels = writer.data().route_labels;
  WebhookForm form;
  form.max_alerts = static_cast<std::size_t>(std::max<std::int64_t>(0, most));
  std::string body = webhook_body(rendered, form, writer.context().external_url);
  if (const yaml::Node* payload = writer.node("payload")) {
    body = go_json(writer.expand_deep(*payload));
  }
  std::string url = writer.expand(writer.secret("url"));
  if (url.empty()) writer.fail(input_error({}, "webhook URL is empty after templating"));
  return writer.post(std::move(url), std::move(body));
}

HttpExchange slack_payload(PayloadWriter& writer) {
  PayloadJson message = PayloadJson::object();
  put_if(message, "channel", writer.setting("channel"));
  put_if(message, "username", writer.setting("username", template_call("slack.default.username")));
  put_if(message, "icon_emoji",
         writer.setting("icon_emoji", template_call("slack.default.iconemoji")));
  put_if(message, "icon_url", writer.setting("icon_url", template_call("slack.default.iconurl")));
  if (writer.integration().flag("link_names")) message["link_names"] = true;
  put_if(message, "text", writer.setting("message_text"));
  message["attachments"] = PayloadJson::array({slack_attachment(writer)});
  const std::string token = writer.secret("app_token");
  if (token.empty()) return writer.post(writer.secret("api_url"), go_json(message));
  HttpRequest request = writer.post(writer.integration().text("app_url"), go_json(message));
  request.headers.emplace_back("Authorization", "Bearer " + token);
  return request;
}

HttpExchange pagerduty_payload(PayloadWriter& writer) {
  const Integration& integration = writer.integration();
  if (integration.has("service_key") || integration.has("service_key_file")) {
    return pagerduty_version_1(writer);
  }
  const std::string client = template_call("pagerduty.default.client");
  const std::string description = template_call("pagerduty.default.description");
  PayloadJson message;
  message["routing_key"] = writer.expand(writer.secret("routing_key"));
  message["dedup_key"] = group_key_hash(writer.notification().group_key);
  message["event_action"] = writer.is_resolved() ? "resolve" : "trigger";
  PayloadJson& payload = message["payload"] = PayloadJson::object();
  payload["summary"] = cut_to(writer.setting("description", description), kPagerdutySummary);
  const std::string source = integration.text("source");
  payload["source"] = source.empty() ? writer.setting("client", client) : writer.expand(source);
  const std::string severity = integration.text("severity");
  payload["severity"] = writer.expand(severity.empty() ? "error" : severity);
  for (const char* key : {"class", "component", "group"}) put_if(payload, key, writer.setting(key));
  payload["custom_details"] = pagerduty_details(writer);
  put_if(message, "client", writer.setting("client", client));
  put_if(message, "client_url",
         writer.setting("client_url", template_call("pagerduty.default.clientURL")));
  PayloadJson images = pagerduty_list(writer, "images", {"src", "alt", "href"});
  if (!images.empty()) message["images"] = std::move(images);
  PayloadJson links = pagerduty_list(writer, "links", {"href", "text"});
  if (!links.empty()) message["links"] = std::move(links);
  if (message["routing_key"] == "") writer.fail(input_error({}, "routing key cannot be empty"));
  return writer.post(integration.text("url"),
                     pagerduty_body(message, message["payload"]["custom_details"]));
}

HttpExchange opsgenie_payload(PayloadWriter& writer) {
  const std::string alias = group_key_hash(writer.notification().group_key);
  std::string base = writer.integration().text("api_url");
  if (!base.ends_with('/')) base += '/';
  base += "v2/alerts";
  std::vector<HttpRequest> requests;
  const auto add = [&](std::string method, const std::string& url, const PayloadJson& json) {
    requests.push_back(writer.post(url, go_json(json)));
    requests.back().method = std::move(method);
  };
  const std::string of_alias = base + '/' + alias;
  if (writer.is_resolved()) {
    add("POST", of_alias + "/close?identifierType=alias",
        {{"source", writer.setting("source", template_call("opsgenie.default.source"))}});
  } else {
    const PayloadJson alert = opsgenie_alert(writer, alias);
    add("POST", base, alert);
    if (writer.integration().flag("update_alerts")) {
      add("PUT", of_alias + "/message?identifierType=alias", {{"message", alert["message"]}});
      PayloadJson description = PayloadJson::object();
      if (alert.contains("description")) description["description"] = alert["description"];
      add("PUT", of_alias + "/description?identifierType=alias", description);
    }
  }
  const std::string key = writer.expand(writer.secret("api_key"));
  for (HttpRequest& request : requests) {
    request.headers.emplace_back("Authorization", "GenieKey " + key);
  }
  return requests;
}

HttpExchange msteams_payload(PayloadWriter& writer) {
  PayloadJson card;
  card["@context"] = "http://schema.org/extensions";
  card["type"] = "MessageCard";
  card["title"] = writer.setting("title", template_call("msteams.default.title"));
  card["summary"] = writer.setting("summary", template_call("msteams.default.summary"));
  card["text"] = writer.setting("text", template_call("msteams.default.text"));
  card["themeColor"] = status_colour(writer, "8C1A1A", "2DC72D");
  return writer.post(writer.secret("webhook_url"), go_json(card));
}

HttpExchange msteamsv2_payload(PayloadWriter& writer) {
  const std::string title = writer.setting("title", template_call("msteamsv2.default.title"));
  const std::string text = writer.setting("text", template_call("msteamsv2.default.text"));
  const PayloadJson head = {{"type", "TextBlock"},
                            {"text", title},
                            {"weight", "Bolder"},
                            {"size", "Medium"},
                            {"wrap", true},
                            {"style", "heading"},
                            {"color", status_colour(writer, "Attention", "Good")}};
  const PayloadJson body = {{"type", "TextBlock"}, {"text", text}, {"wrap", true}};
  const PayloadJson content = {{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
                               {"type", "AdaptiveCard"},
                               {"version", "1.2"},
                               {"body", PayloadJson::array({head, body})},
                               {"msteams", {{"width", "full"}}}};
  const PayloadJson attachment = {{"contentType", "application/vnd.microsoft.card.adaptive"},
                                  {"contentUrl", nullptr},
                                  {"content", content}};
  return writer.post(
      writer.secret("webhook_url"),
      go_json({{"type", "message"}, {"attachments", PayloadJson::array({attachment})}}));
}

}  // namespace tocsin::alerting
