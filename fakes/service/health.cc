#include "fakes/service/health.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <nlohmann/json.hpp>

#include "fakes/service/signals.h"
#include "harness/scenario/text_template.h"

namespace tocsin::fakes {
namespace {

using Json = nlohmann::ordered_json;
using scenario::HealthCheck;
using scenario::HealthField;
using scenario::HealthState;

double signal_value(Signals& signals, std::string_view name) {
  return signals.value(name);
}

double evaluate(const scenario::Formula& formula, Signals& signals) {
  return formula.evaluate([&](std::string_view name) { return signal_value(signals, name); });
}

std::string render(const std::string& text, Signals& signals) {
  const auto made = scenario::TextTemplate::parse(text);
  if (made.has_error()) return text;
  return made->render([&](std::string_view name) { return signal_value(signals, name); });
}

/// Whole numbers without a decimal point; twelve digits hide what binary arithmetic adds
/// (150.29999999999998).
Json number(double value, int decimals) {
  if (!std::isfinite(value)) return nullptr;
  if (decimals >= 0) {
    const double unit = std::pow(10.0, decimals);
    value = std::round(value * unit) / unit;
  } else if (value != 0) {
    const double unit = std::pow(10.0, 11 - std::floor(std::log10(std::abs(value))));
    if (std::isfinite(unit)) value = std::round(value * unit) / unit;
  }
  if (std::floor(value) == value && std::abs(value) < 1e15) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

HealthState state_of(const HealthCheck& check, Signals& signals) {
  if (check.unhealthy && evaluate(*check.unhealthy, signals) != 0) return HealthState::kUnhealthy;
  if (check.degraded && evaluate(*check.degraded, signals) != 0) return HealthState::kDegraded;
  return HealthState::kHealthy;
}

/// What a field may speak of: a check, or the whole endpoint.
struct Subject {
  HealthState state = HealthState::kHealthy;
  const HealthCheck* check = nullptr;
  const Json* checks = nullptr;
  Timestamp now = {};
};

std::string message(const Subject& subject, Signals& signals) {
  if (subject.check == nullptr) return "";
  const auto text = subject.check->messages.find(subject.state);
  if (text == subject.check->messages.end()) return std::string(to_string(subject.state));
  return render(text->second, signals);
}

Json object(const std::vector<HealthField>& fields, const Subject& subject, Signals& signals);

Json field_value(const HealthField& field, const Subject& subject, Signals& signals) {
  switch (field.kind) {
    case HealthField::Kind::kText:
      return render(field.text, signals);
    case HealthField::Kind::kNumber:
      return number(evaluate(*field.number, signals), field.decimals);
    case HealthField::Kind::kState:
      return std::string(to_string(subject.state));
    case HealthField::Kind::kOk:
      return subject.state != HealthState::kUnhealthy;
    case HealthField::Kind::kTimestamp:
      return format_rfc3339(subject.now);
    case HealthField::Kind::kUptime:
      return std::chrono::floor<std::chrono::seconds>(signals.uptime()).count();
    case HealthField::Kind::kChecks:
      return subject.checks != nullptr ? *subject.checks : Json::object();
    case HealthField::Kind::kMessage:
      return message(subject, signals);
    case HealthField::Kind::kJson:
      return Json::parse(field.text, nullptr, false);
    case HealthField::Kind::kObject:
      return object(field.children, subject, signals);
  }
  return nullptr;
}

Json object(const std::vector<HealthField>& fields, const Subject& subject, Signals& signals) {
  Json made = Json::object();
  for (const HealthField& field : fields) made[field.key] = field_value(field, subject, signals);
  return made;
}

}  // namespace

HealthAnswer answer_health(const scenario::HealthEndpoint& endpoint, Signals& signals,
                           Timestamp now) {
  Subject whole{.now = now};
  Json checks = Json::object();
  for (const HealthCheck& check : endpoint.checks) {
    const HealthState state = state_of(check, signals);
    const Subject subject{.state = state, .check = &check, .now = now};
    checks[check.name] = check.value ? field_value(*check.value, subject, signals)
                                     : object(check.fields, subject, signals);
    // An uncritical check alone does not take the whole down.
    const HealthState at_most = check.critical ? HealthState::kUnhealthy : HealthState::kDegraded;
    whole.state = std::max(whole.state, std::min(state, at_most));
  }
  whole.checks = &checks;
  return {.status_code = endpoint.codes.at(whole.state),
          .state = whole.state,
          .body = object(endpoint.body, whole, signals)
                      .dump(-1, ' ', false, Json::error_handler_t::replace),
          .latency = endpoint.latency};
}

std::string answer_body(const scenario::AdminEndpoint& endpoint, Signals& signals, Timestamp now) {
  const Subject subject{.now = now};
  return object(endpoint.body, subject, signals)
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tocsin::fakes
