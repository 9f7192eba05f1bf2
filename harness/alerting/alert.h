#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/time.h"
#include "harness/model/labels.h"

namespace tocsin::alerting {

/// What an alert says beside its labels; shared, since most posts repeat it.
struct AlertText {
  std::map<std::string, std::string> annotations;
  std::string generator_url;
};
using AlertTextPtr = std::shared_ptr<const AlertText>;

/// An alert as a sender posts it.
struct PostedAlert {
  Labels labels;
  std::optional<Timestamp> starts_at;
  std::optional<Timestamp> ends_at;  ///< none: resolve_timeout from now, unless it is posted again
  AlertTextPtr text = {};            ///< null: nothing said
};

/// FNV-1a over names and values, as Alertmanager and its API have it.
std::uint64_t fingerprint(const Labels& labels);
/// 16 hexadecimal digits.
std::string fingerprint_text(std::uint64_t fingerprint);
/// How Alertmanager writes a label set into a group key: {a="b", c="d"}.
std::string label_set_text(const Labels& labels);
/// The order of label sets in Alertmanager: shorter ones first, then name by name.
bool label_set_before(const Labels& a, const Labels& b);
/// The order of alerts in a notification: by job, by instance, then by all labels.
bool alert_before(const Labels& a, const Labels& b);

/// An alert as a notification has it.
struct NotifiedAlert {
  Labels labels;
  std::uint64_t fingerprint = 0;
  Timestamp starts_at = {};
  std::optional<Timestamp> ends_at;  ///< only when it is resolved
  AlertTextPtr text;                 ///< never null

  bool firing() const { return !ends_at; }
};

/// Why there is a notification.
enum class NotifyReason { kNone, kFirst, kNewAlerts, kSomeResolved, kAllResolved, kRepeat };
/// "first notification", "new alerts added" …
std::string_view to_string(NotifyReason reason);

/// What one integration of a receiver is told.
struct Notification {
  std::string receiver;
  std::string integration;            ///< its kind
  std::size_t integration_index = 0;  ///< among those of its kind
  std::string group_key;
  Labels group_labels;
  std::map<std::string, std::string> route_labels;
  NotifyReason reason = NotifyReason::kNone;
  std::vector<NotifiedAlert> alerts;  ///< in Alertmanager's order; not empty
  Timestamp tick = {};                ///< when the group was looked at

  bool firing() const;
};

}  // namespace tocsin::alerting
