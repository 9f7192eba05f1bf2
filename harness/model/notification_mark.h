#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/labels.h"

/// Most services are told texts, not alerts. So that evidence knows whom a real Alertmanager told
/// of what, its configuration for a run gives each notification a mark that no human sees: a field
/// of Slack, a header of a mail, a detail of PagerDuty.

namespace tocsin {

struct NotificationMark {
  Labels group_labels;
  std::vector<std::string> firing;  ///< fingerprints of alerts, 16 hexadecimal digits each
  std::vector<std::string> resolved;
};

/// Names the field, where the service lets one be named; a header's as Alertmanager writes it.
inline constexpr std::string_view kMarkField = "tocsin";
inline constexpr std::string_view kMarkHeader = "X-Tocsin";

/// What Alertmanager renders the mark from, in its template language.
std::string notification_mark_template();

/// Nothing when `text` is no mark.
std::optional<NotificationMark> read_notification_mark(std::string_view text);

}  // namespace tocsin
