#pragma once

#include <nlohmann/json_fwd.hpp>

#include "harness/model/evidence.h"

/// The evidence's routing, notifications and suppressions as members of its JSON. An incident of
/// many alerts repeats itself: each alert, each list of alerts and each text is written once and
/// then referred to by its index.
///
///     routing        {default_receiver, receivers: [[name, [integration]]], alerts: […]}
///     notified       {alerts: [[labels, annotations, starts_at]],
///                     lists: [[alert, … or [alert, ends_at] when it is resolved]],
///                     texts: […], notifications: [{…, alerts: list, title: text, text: text}]}
///     suppressions   [{kind, alert, from, to, by, name}]

namespace tocsin::run {

/// Members that would be empty are left out.
void add_notifications_to_json(const Evidence& evidence, nlohmann::json& object);
/// Evidence from before there were notifications has none of these members.
void read_notifications_from_json(const nlohmann::json& object, Evidence& evidence);

}  // namespace tocsin::run
