#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/alerting/alert.h"
#include "harness/base/time.h"

namespace tocsin::alerting {

/// What templates and webhooks see of a notification.
struct MessageData {
  std::string receiver;  ///< quoted for use in a regular expression
  std::string status;    ///< "firing" or "resolved"
  std::span<const NotifiedAlert> alerts;
  std::string reason;
  std::map<std::string, std::string> group_labels;
  std::map<std::string, std::string> common_labels;
  std::map<std::string, std::string> common_annotations;
  std::map<std::string, std::string> route_labels;
  std::string external_url;
};

/// `alerts` are the notification's or a part of them, and outlive the data.
MessageData message_data(const Notification& notification, std::span<const NotifiedAlert> alerts,
                         std::string external_url);

/// A time as Go writes it into JSON: 2026-01-28T09:00:00.5Z.
std::string go_json_time(Timestamp at);
/// A text as Go's encoding/json writes it: <, > and & are escaped, too.
std::string go_json_text(std::string_view text);
/// SHA-256 of a group key, in hexadecimal digits: PagerDuty's and Opsgenie's key of an incident.
std::string group_key_hash(std::string_view group_key);

struct WebhookForm {
  std::string_view version = "4";
  std::size_t max_alerts = 0;    ///< further ones do not count; 0: all do
  std::size_t shown_alerts = 0;  ///< further ones count but are not shown; 0: all are
};

/// The body of a webhook as Alertmanager 0.34 sends it, with the line feed at its end.
std::string webhook_body(const Notification& notification, const WebhookForm& form,
                         const std::string& external_url);

}  // namespace tocsin::alerting
