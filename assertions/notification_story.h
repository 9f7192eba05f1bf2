#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assertions/notification_scope.h"
#include "assertions/notification_words.h"

/// How judgements tell of what happened to notifications.

namespace tocsin::assertions {

/// "inhibited by ServiceDown from 7m to 12m".
std::string suppression_text(const Trial& trial, const Suppression& suppression);

/// A receiver without integrations.
bool is_black_hole(const RoutingInfo& routing, const std::string& receiver);
/// Whether the receiver is not only the one to whom falls what no route takes. `route` null: where
/// the alert's routes lead is not known.
bool is_chosen(const RoutingInfo& routing, const RoutedAlert* route, const std::string& receiver);

/// Why an episode was not told as wanted: it was tried in vain, kept back, told to another
/// receiver, or routed to nobody.
std::string why_untold(const NotificationScope& scope, const AlertEpisode& episode);
/// The same of a scope that heard no page: of its first episode, or why there is none.
std::string why_silent(const NotificationScope& scope);

/// Faults, firings, suppressions and notifications of the alerts that a scope is about, and what
/// its receiver got, around the window; without one, over the whole run. By time, each line begins
/// with it.
std::vector<std::string> notification_background(const NotificationScope& scope,
                                                 std::optional<scenario::TimeWindow> window);

}  // namespace tocsin::assertions
