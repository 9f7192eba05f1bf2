#include "fakes/receivers/json_input.h"

#include <vector>

#include <nlohmann/json.hpp>

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr int kDeepest = 64;
constexpr int kGoZeroYear = 1;

bool too_deep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

json parse_json(std::string_view text, std::string& problem) {
  if (too_deep(text)) {
    problem = "JSON is nested too deeply";
    return nullptr;
  }
  json value = json::parse(text, nullptr, false);
  if (!value.is_discarded()) return value;
  problem = "not JSON";
  return nullptr;
}

const json& member(const json& object, const char* name) {
  static const json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(name);
  return found == object.end() ? kNone : *found;
}

std::string text_at(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : "";
}

std::string shown(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::map<std::string, std::string> texts_at(const json& object, const char* name) {
  std::map<std::string, std::string> texts;
  const json& map = member(object, name);
  if (!map.is_object()) return texts;
  for (const auto& [key, value] : map.items()) texts[key] = shown(value);
  return texts;
}

Labels labels_at(const json& object, const char* name) {
  const std::map<std::string, std::string> texts = texts_at(object, name);
  std::vector<LabelView> labels;
  for (const auto& [key, value] : texts) labels.push_back({key, value});
  return Labels::from(std::move(labels));
}

std::optional<Timestamp> time_at(const json& object, const char* name) {
  const Result<Timestamp> time = parse_rfc3339(text_at(object, name));
  if (time.has_error()) return std::nullopt;
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(*time));
  if (day.year() <= std::chrono::year(kGoZeroYear)) return std::nullopt;
  return *time;
}

}  // namespace tocsin::receivers
