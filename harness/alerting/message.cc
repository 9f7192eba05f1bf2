#include "harness/alerting/message.h"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "harness/base/check.h"
#include "harness/base/utf8.h"

namespace tocsin::alerting {
namespace {

/// Go's regexp.QuoteMeta.
std::string quoted_for_regex(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

std::map<std::string, std::string> as_map(const Labels& labels) {
  std::map<std::string, std::string> map;
  for (const LabelView label : labels) map.emplace(label.name, label.value);
  return map;
}

std::map<std::string, std::string> common_labels(std::span<const NotifiedAlert> alerts) {
  if (alerts.empty()) return {};
  std::map<std::string, std::string> common = as_map(alerts.front().labels);
  for (const NotifiedAlert& alert : alerts.subspan(1)) {
    std::erase_if(common,
                  [&](const auto& item) { return alert.labels.get(item.first) != item.second; });
  }
  return common;
}

std::map<std::string, std::string> common_annotations(std::span<const NotifiedAlert> alerts) {
  if (alerts.empty()) return {};
  std::map<std::string, std::string> common = alerts.front().text->annotations;
  for (const NotifiedAlert& alert : alerts.subspan(1)) {
    std::erase_if(common, [&](const auto& item) {
      const auto found = alert.text->annotations.find(item.first);
      const std::string_view value =
          found == alert.text->annotations.end() ? std::string_view() : found->second;
      return value != item.second;
    });
  }
  return common;
}

template <class Map>
void append_map(std::string& out, const Map& map) {
  out += '{';
  bool first = true;
  for (const auto& [name, value] : map) {
    if (!first) out += ',';
    first = false;
    out += go_json_text(name);
    out += ':';
    out += go_json_text(value);
  }
  out += '}';
}

void append_alert(std::string& out, const NotifiedAlert& alert) {
  out += fmt::format("{{\"status\":\"{}\",\"labels\":", alert.firing() ? "firing" : "resolved");
  append_map(out, as_map(alert.labels));
  out += ",\"annotations\":";
  append_map(out, alert.text->annotations);
  out += fmt::format(
      ",\"startsAt\":\"{}\",\"endsAt\":\"{}\",\"generatorURL\":{},\"fingerprint\":\"{}\"}}",
      go_json_time(alert.starts_at),
      alert.ends_at ? go_json_time(*alert.ends_at) : "0001-01-01T00:00:00Z",
      go_json_text(alert.text->generator_url), fingerprint_text(alert.fingerprint));
}

}  // namespace

MessageData message_data(const Notification& notification, std::span<const NotifiedAlert> alerts,
                         std::string external_url) {
  MessageData data;
  data.receiver = quoted_for_regex(notification.receiver);
  const bool firing = std::any_of(alerts.begin(), alerts.end(),
                                  [](const NotifiedAlert& alert) { return alert.firing(); });
  data.status = firing ? "firing" : "resolved";
  data.alerts = alerts;
  data.reason = to_string(notification.reason);
  data.group_labels = as_map(notification.group_labels);
  data.common_labels = common_labels(alerts);
  data.common_annotations = common_annotations(alerts);
  data.route_labels = notification.route_labels;
  data.external_url = std::move(external_url);
  return data;
}

std::string go_json_time(Timestamp at) {
  std::string text = format_rfc3339(at);
  if (text.find('.') == std::string::npos) return text;
  text.pop_back();  // Z
  while (text.back() == '0') text.pop_back();
  return text + 'Z';
}

std::string go_json_text(std::string_view text) {
  std::string out = "\"";
  for (const std::string_view character : utf8_characters(text)) {
    const char c = character[0];
    if (character.size() > 1) {
      if (character == "\u2028" || character == "\u2029") {
        out += character == "\u2028" ? "\\u2028" : "\\u2029";
      } else {
        out += character;
      }
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\b') {
      out += "\\b";
    } else if (c == '\f') {
      out += "\\f";
    } else if (static_cast<unsigned char>(c) < ' ' || c == '<' || c == '>' || c == '&') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string group_key_hash(std::string_view group_key) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  const int done =
      EVP_Digest(group_key.data(), group_key.size(), digest, &length, EVP_sha256(), nullptr);
  TOCSIN_CHECK(done == 1, "SHA-256 cannot fail");
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string webhook_body(const Notification& notification, const WebhookForm& form,
                         const std::string& external_url) {
  const auto first_of = [](std::span<const NotifiedAlert> all, std::size_t most) {
    return most > 0 && all.size() > most ? all.first(most) : all;
  };
  const auto alerts = first_of(notification.alerts, form.max_alerts);
  // Status and common labels are those of the alerts that are left.
  const MessageData data = message_data(notification, alerts, external_url);
  std::string out = "{\"receiver\":" + go_json_text(data.receiver) + ",\"status\":\"" +
                    data.status + "\",\"alerts\":[";
  for (const NotifiedAlert& alert : first_of(alerts, form.shown_alerts)) {
    if (out.back() != '[') out += ',';
    append_alert(out, alert);
  }
  out += "],\"notification_reason\":" + go_json_text(data.reason) + ",\"groupLabels\":";
  append_map(out, data.group_labels);
  out += ",\"commonLabels\":";
  append_map(out, data.common_labels);
  out += ",\"commonAnnotations\":";
  append_map(out, data.common_annotations);
  out += ",\"routeLabels\":";
  append_map(out, data.route_labels);
  out += ",\"externalURL\":" + go_json_text(data.external_url) +
         ",\"version\":" + go_json_text(form.version) +
         ",\"groupKey\":" + go_json_text(notification.group_key) +
         fmt::format(",\"truncatedAlerts\":{}}}\n", notification.alerts.size() - alerts.size());
  return out;
}

}  // namespace tocsin::alerting
