#pragma once

#include <string>
#include <string_view>

#include "harness/scenario/shape.h"

namespace tocsin::scenario {

/// A scenario file and a system file, from the top.
extern const Table kScenarioTable;
extern const Table kSystemTable;
/// A fault that is asked for while a fake system runs (fault_request.h).
extern const Table kFaultRequestTable;
/// What may happen to one target, and what an admin endpoint does.
extern const Table kTargetFaultTable;
inline constexpr std::string_view kTargetFaultWords[] = {"down", "hang", "malformed_scrape",
                                                         "restart"};
inline constexpr Shape kTargetFaultShape = one_of(kTargetFaultWords) | map_of(kTargetFaultTable);
/// What `service` and each exporter are; included files may hold one alone.
extern const Table kTargetTable;

// Shared by both languages.
inline constexpr Shape kTextShape = only(Scalar::kText);
inline constexpr Shape kJsonShape = only(Scalar::kJson);
inline constexpr Shape kTextList = kTextShape | list_of(kTextShape);
inline constexpr Table kTextMap{"texts by name", "", {}, &kTextShape, "name"};

/// A language as JSON Schema (2020-12).
std::string schema_of(const Table& root, std::string_view title);

}  // namespace tocsin::scenario
