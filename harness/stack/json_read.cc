#include "harness/stack/json_read.h"

#include <vector>

namespace tocsin::stack {

using nlohmann::json;

std::string text_at(const json& object, const char* key) {
  const json& value = object_at(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

double number_at(const json& object, const char* key) {
  const json& value = object_at(object, key);
  return value.is_number() ? value.get<double>() : 0;
}

const json& list_at(const json& object, const char* key) {
  static const json none = json::array();
  const json& value = object_at(object, key);
  return value.is_array() ? value : none;
}

const json& object_at(const json& object, const char* key) {
  static const json none;
  if (!object.is_object()) return none;
  const auto it = object.find(key);
  return it != object.end() ? *it : none;
}

std::map<std::string, std::string> texts_at(const json& object, const char* key) {
  std::map<std::string, std::string> texts;
  const json& value = object_at(object, key);
  if (!value.is_object()) return texts;
  for (const auto& [name, text] : value.items()) {
    if (text.is_string()) texts[name] = text.get<std::string>();
  }
  return texts;
}

Labels labels_at(const json& object, const char* key) {
  const std::map<std::string, std::string> texts = texts_at(object, key);
  std::vector<LabelView> labels;
  for (const auto& [name, value] : texts) labels.push_back({name, value});
  return Labels::from(std::move(labels));
}

std::optional<Timestamp> time_at(const json& object, const char* key) {
  const auto time = parse_rfc3339(text_at(object, key));
  if (time.has_error() || *time < Timestamp{}) return std::nullopt;
  return *time;
}

}  // namespace tocsin::stack
