#include "harness/alerting/human_text.h"

#include <algorithm>

#include "harness/alerting/payload_writer.h"

namespace tocsin::alerting {
namespace {

void add_line(std::string& out, const std::string& line) {
  if (line.find_first_not_of(" \n\t") == std::string::npos) return;
  if (!out.empty()) out += '\n';
  out += line;
}

/// A text of a JSON object; empty when it has none.
std::string text_at(const PayloadJson& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_string() ? it->get<std::string>() : "";
}

const PayloadJson& child_at(const PayloadJson& json, const char* key) {
  static const PayloadJson nothing = PayloadJson::object();
  const auto it = json.find(key);
  return it == json.end() ? nothing : *it;
}

/// "key: value", one value a line.
void add_values(std::string& out, const std::string& name, const PayloadJson& json) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      add_values(out, name.empty() ? key : name + '.' + key, value);
    }
  } else if (json.is_array()) {
    for (const PayloadJson& item : json) add_values(out, name, item);
  } else if (!json.is_null()) {
    const std::string value = json.is_string() ? json.get<std::string>() : json.dump();
    if (!value.empty()) add_line(out, name.empty() ? value : name + ": " + value);
  }
}

HumanText slack_text(const PayloadJson& message) {
  HumanText out;
  add_line(out.text, text_at(message, "text"));
  for (const PayloadJson& attachment : child_at(message, "attachments")) {
    if (out.title.empty()) out.title = text_at(attachment, "title");
    add_line(out.text, text_at(attachment, "pretext"));
    add_line(out.text, text_at(attachment, "text"));
    for (const PayloadJson& field : child_at(attachment, "fields")) {
      add_values(out.text, text_at(field, "title"), text_at(field, "value"));
    }
    for (const PayloadJson& action : child_at(attachment, "actions")) {
      add_values(out.text, text_at(action, "text"), text_at(action, "url"));
    }
    add_line(out.text, text_at(attachment, "title_link"));
    add_line(out.text, text_at(attachment, "footer"));
  }
  return out;
}

HumanText pagerduty_text(const PayloadJson& message) {
  const PayloadJson& payload = child_at(message, "payload");
  HumanText out;
  out.title = payload.is_object() ? text_at(payload, "summary") : "";
  if (out.title.empty()) out.title = text_at(message, "description");  // version 1
  if (payload.is_object()) add_values(out.text, "", child_at(payload, "custom_details"));
  add_values(out.text, "", child_at(message, "details"));
  for (const PayloadJson& link : child_at(message, "links")) {
    add_values(out.text, text_at(link, "text"), text_at(link, "href"));
  }
  add_line(out.text, text_at(message, "client_url"));
  return out;
}

HumanText opsgenie_text(const PayloadJson& alert) {
  HumanText out{text_at(alert, "message"), text_at(alert, "description")};
  if (out.title.empty()) out.title = "closed";
  add_line(out.text, text_at(alert, "note"));
  add_values(out.text, "", child_at(alert, "details"));
  add_line(out.text, text_at(alert, "source"));
  return out;
}

HumanText teams_card_text(const PayloadJson& message) {
  HumanText out;
  for (const PayloadJson& attachment : child_at(message, "attachments")) {
    for (const PayloadJson& block : child_at(child_at(attachment, "content"), "body")) {
      std::string text = text_at(block, "text");
      if (out.title.empty()) {
        out.title = std::move(text);
      } else {
        add_line(out.text, text);
      }
    }
  }
  return out;
}

/// HTML without its tags: what stands in them but links is not read.
std::string text_of_html(std::string_view html) {
  static const std::pair<std::string_view, std::string_view> entities[] = {
      {"&lt;", "<"},    {"&gt;", ">"},  {"&amp;", "&"},  {"&#34;", "\""},
      {"&quot;", "\""}, {"&#39;", "'"}, {"&nbsp;", " "}, {"&#43;", "+"}};
  std::string out;
  bool blank = true;
  const auto put_blank = [&](char c) {
    if (!blank) out += c;
    blank = true;
  };
  while (!html.empty()) {
    if (html.starts_with("<style") || html.starts_with("<head")) {
      const std::string_view close = html.starts_with("<style") ? "</style>" : "</head>";
      const std::size_t end = html.find(close);
      html.remove_prefix(end == std::string_view::npos ? html.size() : end + close.size());
      continue;
    }
    if (html.front() == '<') {
      const std::size_t end = html.find('>');
      const std::string_view tag = html.substr(0, end);
      const std::size_t link = tag.starts_with("<a") ? tag.find("href=\"") : std::string_view::npos;
      if (link != std::string_view::npos) {
        const std::string_view rest = tag.substr(link + 6);
        out += std::string(rest.substr(0, rest.find('"'))) + ' ';
      }
      put_blank('\n');
      html.remove_prefix(end == std::string_view::npos ? html.size() : end + 1);
      continue;
    }
    const auto* const entity =
        std::find_if(std::begin(entities), std::end(entities),
                     [&](const auto& known) { return html.starts_with(known.first); });
    if (entity != std::end(entities)) {
      out += entity->second;
      blank = false;
      html.remove_prefix(entity->first.size());
      continue;
    }
    const char c = html.front();
    html.remove_prefix(1);
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      put_blank(' ');
    } else {
      out += c;
      blank = false;
    }
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == '\n')) out.pop_back();
  return out;
}

std::string mail_subject(PayloadWriter& writer) {
  const yaml::Node* headers = writer.node("headers");
  if (headers != nullptr && headers->is_map()) {
    for (const auto& [key, value] : headers->entries) {
      std::string name = key->text;
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (name == "subject") return writer.expand(value->text);
    }
  }
  return writer.expand("{{ template \"email.default.subject\" . }}");
}

/// The plain part where there is one, else what the HTML shows.
HumanText mail_text(PayloadWriter& writer) {
  HumanText out;
  out.title = mail_subject(writer);
  const Integration& integration = writer.integration();
  const std::string text = integration.text("text");
  const std::string html = integration.text("html", "{{ template \"email.default.html\" . }}");
  out.text = !text.empty() ? writer.expand(text) : text_of_html(writer.expand_html(html));
  return out;
}

std::string default_subject(PayloadWriter& writer) {
  return writer.expand("{{ template \"__subject\" . }}");
}

HumanText json_text(PayloadWriter& writer, const std::string& kind, const std::string& body) {
  const PayloadJson json = PayloadJson::parse(body, nullptr, false);
  if (kind == "slack") return slack_text(json);
  if (kind == "pagerduty") return pagerduty_text(json);
  if (kind == "opsgenie") return opsgenie_text(json);
  if (kind == "msteams") return {text_at(json, "title"), text_at(json, "text")};
  if (kind == "msteamsv2") return teams_card_text(json);
  // A webhook's is read by programs; what it says is all its values.
  HumanText out;
  out.title = default_subject(writer);
  add_values(out.text, "", json);
  return out;
}

}  // namespace

Result<HumanText> human_text(const Notification& notification, const Integration& integration,
                             const PayloadContext& context, Timestamp now) {
  PayloadWriter writer(notification, integration, context, now);
  HumanText out;
  if (integration.kind == "email") {
    out = mail_text(writer);
  } else if (has_payload(integration.kind)) {
    TRY(const Payload payload, render_payload(notification, integration, context, now));
    const auto& requests = std::get<std::vector<HttpRequest>>(payload);
    out = json_text(writer, integration.kind, requests.front().body);
  } else {
    out.title = default_subject(writer);
    out.text = writer.expand("{{ template \"__text_alert_list\" .Alerts }}");
  }
  if (writer.failure()) return *writer.failure();
  return out;
}

std::string without_secrets(std::string text, const std::vector<std::string>& secrets) {
  constexpr std::string_view kMask = "<secret>";
  for (const std::string& secret : secrets) {
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + kMask.size())) {
      text.replace(at, secret.size(), kMask);
    }
  }
  return text;
}

}  // namespace tocsin::alerting
