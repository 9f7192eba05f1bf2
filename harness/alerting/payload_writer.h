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
  std::string secret(std::string_view key);
  /// A value of any shape: texts are expanded, and what they then look like in YAML counts.
  PayloadJson expand_deep(const yaml::Node& node);
  PayloadJson expand_typed(std::string_view text);

  HttpRequest post(std::string url, std::string body) const;
  void fail(Error error);
  const std::optional<Error>& failure() const { return failure_; }

 private:
  void add_authorization(HttpRequest& request) const;

  const Notification& notification_;
  const Integration& integration_;
  const PayloadContext& context_;
  Timestamp now_;
  MessageData data_;
  std::optional<Error> failure_;
};

// One integration each; `writer` tells of failures.
std::vector<HttpRequest> webhook_payload(PayloadWriter& writer);
std::vector<HttpRequest> slack_payload(PayloadWriter& writer);
std::vector<HttpRequest> pagerduty_payload(PayloadWriter& writer);
std::vector<HttpRequest> opsgenie_payload(PayloadWriter& writer);
std::vector<HttpRequest> msteams_payload(PayloadWriter& writer);
std::vector<HttpRequest> msteamsv2_payload(PayloadWriter& writer);
Mail email_payload(PayloadWriter& writer);

}  // namespace tocsin::alerting
