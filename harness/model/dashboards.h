#pragma once

#include <string_view>

/// Grafana and Jaeger in the evidence: probe results with these targets, one each thing that was
/// looked at; `error` says what was wrong with it.

namespace tocsin {

inline constexpr std::string_view kGrafana = "Grafana";
inline constexpr std::string_view kJaeger = "Jaeger";

inline bool is_dashboard(std::string_view target) {
  return target == kGrafana || target == kJaeger;
}

}  // namespace tocsin
