#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "harness/base/time.h"
#include "harness/model/labels.h"

/// JSON that strangers send.

namespace tocsin::receivers {

/// A value, nested no deeper than any sender needs; or null, and `problem` says what is wrong.
nlohmann::json parse_json(std::string_view text, std::string& problem);

/// A member; null when `object` is no object or has none of that name.
const nlohmann::json& member(const nlohmann::json& object, const char* name);
/// A string member; "" when it is missing or something else.
std::string text_at(const nlohmann::json& object, const char* name);
/// The string members of an object member; other values as JSON.
std::map<std::string, std::string> texts_at(const nlohmann::json& object, const char* name);
/// The same as labels.
Labels labels_at(const nlohmann::json& object, const char* name);
/// A time member; none when it is missing, no time, or Go's zero time.
std::optional<Timestamp> time_at(const nlohmann::json& object, const char* name);

/// A string as it is, anything else as JSON, whatever bytes it holds.
std::string shown(const nlohmann::json& value);

}  // namespace tocsin::receivers
