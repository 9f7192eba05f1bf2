#pragma once

#include <map>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/base/time.h"
#include "harness/model/labels.h"

/// Private to the room: members of JSON objects that other programs answer. What is not there, or
/// is of another type, is empty.

namespace tocsin::stack {

std::string text_at(const nlohmann::json& object, const char* key);
double number_at(const nlohmann::json& object, const char* key);
const nlohmann::json& list_at(const nlohmann::json& object, const char* key);
const nlohmann::json& object_at(const nlohmann::json& object, const char* key);
std::map<std::string, std::string> texts_at(const nlohmann::json& object, const char* key);
Labels labels_at(const nlohmann::json& object, const char* key);
/// Go's zero time is none.
std::optional<Timestamp> time_at(const nlohmann::json& object, const char* key);

}  // namespace tocsin::stack
