#pragma once

#include <nlohmann/json_fwd.hpp>

#include "harness/model/evidence.h"

namespace tocsin::run {

/// Everything of the evidence but its samples.
nlohmann::json evidence_to_json(const Evidence& evidence);
/// The inverse; throws nlohmann::json::exception when the JSON is not what evidence_to_json writes.
Evidence evidence_from_json(const nlohmann::json& json);

}  // namespace tocsin::run
