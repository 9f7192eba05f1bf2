#include "harness/scenario/system.h"

#include <algorithm>

#include "harness/scenario/values.h"

namespace tocsin::scenario {

std::string_view to_string(HealthState state) {
  switch (state) {
    case HealthState::kHealthy:
      return "healthy";
    case HealthState::kDegraded:
      return "degraded";
    case HealthState::kUnhealthy:
      return "unhealthy";
  }
  return "unhealthy";
}

const std::vector<BuiltinSignal>& builtin_signals() {
  static const std::vector<BuiltinSignal> kSignals = {
      {"request_rate", Dimension::kRate, false, "requests per second"},
      {"error_rate", Dimension::kRatio, true, "share of requests answered 5xx"},
      {"latency", Dimension::kTime, true, "response times; also latency.p50, latency.p95, …"},
      {"in_flight", Dimension::kNumber, false, "requests being handled"},
      {"uptime", Dimension::kTime, false, "since the process started"},
      {"now", Dimension::kTime, false, "since 1970"},
      {"started", Dimension::kTime, false, "when the process started, since 1970"},
      {"backend.started", Dimension::kTime, false, "when it did, since 1970"},
      {"backend.uptime", Dimension::kTime, false, "since what an exporter speaks for started"},
      {"backend.recovering", Dimension::kNumber, false, "1 in the first scrape after it was down"},
  };
  return kSignals;
}

namespace {

constexpr std::string_view kLatency = "latency";

bool has_builtin(const Target& target, std::string_view name) {
  if (name.starts_with("backend.")) return target.backend.has_value();
  return !target.endpoints.empty() || name == "uptime" || name == "now" || name == "started";
}

std::optional<SignalName> find_base(const Target& target, std::string_view name) {
  for (const Signal& signal : target.signals) {
    if (signal.name != name) continue;
    return SignalName{.dimension = signal.dimension,
                      .settable = !signal.derived,
                      .distribution = signal.distribution.has_value(),
                      .base = signal.name};
  }
  for (const BuiltinSignal& signal : builtin_signals()) {
    if (signal.name != name || !has_builtin(target, name)) continue;
    return SignalName{.dimension = signal.dimension,
                      .settable = signal.settable,
                      .builtin = true,
                      .distribution = name == kLatency,
                      .base = std::string(name)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> percentile_name(std::string_view name) {
  // p99.9 has a dot of its own.
  const std::size_t p = name.rfind(".p");
  return p == std::string_view::npos ? std::nullopt : parse_percentile(name.substr(p + 1));
}

std::optional<SignalName> find_signal(const Target& target, std::string_view name) {
  if (target.service && name.starts_with(kOfService)) {
    auto signal = find_signal(*target.service, name.substr(kOfService.size()));
    if (!signal) return std::nullopt;
    signal->base.insert(0, kOfService);
    signal->of_service = true;
    signal->settable = false;
    return signal;
  }
  if (auto signal = find_base(target, name)) return signal;
  const auto percentile = percentile_name(name);
  if (!percentile) return std::nullopt;
  auto signal = find_base(target, name.substr(0, name.rfind(".p")));
  if (!signal || !signal->distribution) return std::nullopt;
  signal->percentile = percentile;
  return signal;
}

std::vector<std::string> drivers_of(const Target& target, std::string_view derived) {
  std::vector<std::string> drivers;
  std::vector<std::string> to_see = {std::string(derived)};
  for (std::size_t i = 0; i < to_see.size(); ++i) {
    const auto name = find_signal(target, to_see[i]);
    if (!name) continue;
    if (name->settable || name->of_service) drivers.push_back(name->base);
    for (const Signal& signal : target.signals) {
      if (signal.name != name->base || !signal.derived || !signal.value) continue;
      for (const std::string& read : signal.value->signals()) {
        if (std::find(to_see.begin(), to_see.end(), read) == to_see.end()) to_see.push_back(read);
      }
    }
  }
  return drivers;
}

std::vector<std::string> signal_names(const Target& target) {
  std::vector<std::string> names;
  for (const Signal& signal : target.signals) names.push_back(signal.name);
  for (const BuiltinSignal& signal : builtin_signals()) {
    if (has_builtin(target, signal.name)) names.emplace_back(signal.name);
  }
  return names;
}

std::vector<std::string> readable_names(const Target& target, std::string_view name) {
  std::vector<std::string> names;
  if (!name.starts_with(kOfService)) names = signal_names(target);
  if (!target.service || name.find('.') == std::string_view::npos) return names;
  for (const std::string& of_service : signal_names(*target.service)) {
    names.push_back(std::string(kOfService) + of_service);
  }
  return names;
}

const Target* System::target(std::string_view wanted) const {
  if (wanted == service.name) return &service;
  for (const Target& exporter : exporters) {
    if (exporter.name == wanted) return &exporter;
  }
  return nullptr;
}

}  // namespace tocsin::scenario
