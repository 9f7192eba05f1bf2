#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "harness/alerting/payload.h"

/// What the payloads of all integrations share.

namespace tocsin::alerting {

using PayloadJson = nlohmann::ordered_json;

/// As Go's json.Encoder writes it, with the line feed at its end.
std::string go_json(const PayloadJson& json);
/// At most so many characters; what is cut ends in an ellipsis.
std::string cut_to(const std::string& text, std::size_t characters);
/// A key that is left out when it is empty.
void put_if(PayloadJson& json, const char* key, std::string value);
/// `{{ template "name" . }}`
std::string template_call(std::string_view name);
/// A URL whose path goes on: `more` begins with a slash or follows one.
std::string joined_url(std::string_view base, std::string_view more);
/// As Go's url.URL writes paths: what may not stand there is escaped.
std::string path_escaped(std::string_view path);

/// One notification on its way to one integration. The first template that fails makes all others
/// empty; failure() says why.
class PayloadWriter {
 public:
  PayloadWriter(const Notification& notification, const Integration& integration,
                const PayloadContext& context, Timestamp now);

  const Notification& notification() const { return notification_; }
  const Integration& integration() const { return integration_; }
  const PayloadContext& context() const { return context_; }
  const MessageData& data() const { return data_; }
  Timestamp now() const { return now_; }
  const yaml::Node* node(std::string_view key) const;

  /// A template's text.
  std::string expand(std::string_view text);
  std::string expand_html(std::string_view text);
  /// A setting, expanded; `otherwise` is its default template.
  std::string setting(std::string_view key, std::string_view otherwise = {});
  /// A key of a mapping inside the integration, expanded.
  std::string setting_in(const yaml::Node& map, std::string_view key);
  /// A setting or the file that `KEY_file` names, not expanded.
  std::string secret(std::string_view key) { return secret_in(nullptr, key); }
  /// The same of a mapping inside the integration; null: the integration itself.
  std::string secret_in(const yaml::Node* map, std::string_view key);
  std::string file_text(const std::string& file);
  /// A value of any shape: texts are expanded, and what they then look like in YAML counts.
  PayloadJson expand_deep(const yaml::Node& node);
  PayloadJson expand_typed(std::string_view text);

  /// Of a service that Alertmanager knows at one place only.
  std::string fixed_url(const char* usual) const {
    return integration_.address.empty() ? usual : integration_.address;
  }
  bool is_resolved() const { return data_.status == "resolved"; }

  /// With Alertmanager's headers and those of http_config.
  HttpRequest post(std::string url, std::string body);
  /// Without a User-Agent and a Content-Type of its own.
  HttpRequest request(std::string method, std::string url);
  void fail(Error error);
  const std::optional<Error>& failure() const { return failure_; }

 private:
  void add_http_headers(HttpRequest& request);
  std::string text_in(const yaml::Node* map, std::string_view key) const;

  const Notification& notification_;
  const Integration& integration_;
  const PayloadContext& context_;
  Timestamp now_;
  MessageData data_;
  std::optional<Error> failure_;
};

// One integration each; `writer` tells of failures.
HttpExchange discord_payload(PayloadWriter& writer);
HttpExchange incidentio_payload(PayloadWriter& writer);
HttpExchange jira_payload(PayloadWriter& writer);
HttpExchange mattermost_payload(PayloadWriter& writer);
HttpExchange msteams_payload(PayloadWriter& writer);
HttpExchange msteamsv2_payload(PayloadWriter& writer);
HttpExchange opsgenie_payload(PayloadWriter& writer);
HttpExchange pagerduty_payload(PayloadWriter& writer);
HttpExchange pushover_payload(PayloadWriter& writer);
HttpExchange rocketchat_payload(PayloadWriter& writer);
HttpExchange slack_payload(PayloadWriter& writer);
HttpExchange sns_payload(PayloadWriter& writer);
HttpExchange telegram_payload(PayloadWriter& writer);
HttpExchange victorops_payload(PayloadWriter& writer);
HttpExchange webex_payload(PayloadWriter& writer);
HttpExchange webhook_payload(PayloadWriter& writer);
HttpExchange wechat_payload(PayloadWriter& writer);
Mail email_payload(PayloadWriter& writer);

}  // namespace tocsin::alerting
