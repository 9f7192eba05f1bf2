#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/evidence.h"

/// Alerts as Alertmanager's default templates write them for humans.

namespace tocsin::receivers {

/// What "[FIRING:2] …" and "[RESOLVED] …" say.
std::optional<bool> firing_by_title(std::string_view title);

/// Sets the record's `firing` by its title, or else by its alerts; without either it stays.
void settle_firing(NotificationRecord& record);

/// The alerts of a list in the default form ("Labels:", " - name = value", "Annotations:",
/// "Source:"), or as default mails have them; "Alerts Firing:" and "Alerts Resolved:" say what
/// follows, before them it is `firing`. Empty when the text is something else.
std::vector<NotificationAlert> alerts_in_text(std::string_view text, bool firing);

/// "[FIRING:2] HighLatency c1", for those that have no title of their own.
std::string title_of(const NotificationRecord& record);
/// Labels, annotations and sources in the default form.
std::string text_of(const std::vector<NotificationAlert>& alerts);

}  // namespace tocsin::receivers
