#include "harness/run/json_values.h"

#include <cmath>
#include <utility>
#include <vector>

#include "harness/base/units.h"

namespace tocsin::run {

using nlohmann::json;

namespace {

std::int64_t milliseconds_from(const json& value) {
  constexpr std::int64_t kFurthest = 300'000'000'000'000;
  const auto ms = value.get<std::int64_t>();
  if (ms < -kFurthest || ms > kFurthest) refuse("time out of range", value);
  return ms;
}

}  // namespace

json number(double value) {
  return std::isfinite(value) ? json(value) : json(format_number(value));
}

double number(const json& value) {
  if (value.is_number()) return value.get<double>();
  const auto& text = value.get_ref<const std::string&>();
  if (text == "+Inf") return INFINITY;
  if (text == "-Inf") return -INFINITY;
  return NAN;
}

json labels_to_json(const Labels& labels) {
  json object = json::object();
  for (const LabelView label : labels) object[std::string(label.name)] = std::string(label.value);
  return object;
}

Labels labels_from(const json& object) {
  std::vector<LabelView> labels;
  for (const auto& [name, value] : object.items()) {
    labels.push_back({name, value.get_ref<const std::string&>()});
  }
  return Labels::from(std::move(labels));
}

void refuse(const std::string& why, const json& where) {
  throw json::other_error::create(501, why, &where);
}

Timestamp time_from(const json& value) {
  return from_ms(milliseconds_from(value));
}

Duration duration_from(const json& value) {
  return Duration(milliseconds_from(value));
}

}  // namespace tocsin::run
