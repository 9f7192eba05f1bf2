#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/metrics/exposition.h"

namespace tocsin::metrics {

/// Departures from Prometheus' naming conventions, worded and ordered as `promtool check metrics`
/// (2.42) prints them: "http_requests counter metrics should have \"_total\" suffix". Families of
/// an OpenMetrics page are judged by their names and types in the text format.
std::vector<std::string> lint(std::span<const FamilySamples> families);

}  // namespace tocsin::metrics
