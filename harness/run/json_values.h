#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/base/time.h"
#include "harness/model/labels.h"

/// What the parts of the evidence's JSON have in common. Reading throws nlohmann::json::exception.

namespace tocsin::run {

/// JSON knows no NaN and no infinity: they are texts.
nlohmann::json number(double value);
double number(const nlohmann::json& value);

nlohmann::json labels_to_json(const Labels& labels);
Labels labels_from(const nlohmann::json& object);

[[noreturn]] void refuse(const std::string& why, const nlohmann::json& where);

/// Milliseconds; years beyond 11,000 or so are refused: they would overflow when scaled.
Timestamp time_from(const nlohmann::json& value);
Duration duration_from(const nlohmann::json& value);

template <class Enum>
Enum enum_from(const nlohmann::json& value, Enum last) {
  const auto number = value.get<std::int64_t>();
  if (number < 0 || number > static_cast<std::int64_t>(last)) refuse("unknown kind", value);
  return static_cast<Enum>(number);
}

}  // namespace tocsin::run
