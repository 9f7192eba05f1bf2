#include "fakes/service/control_request.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/suggest.h"
#include "harness/base/units.h"
#include "harness/scenario/signal_change.h"

namespace tocsin::fakes {
namespace {

using Json = nlohmann::ordered_json;
using faults::Fault;
using faults::SignalChange;
using faults::TargetFaultKind;

/// "Until it is cleared": longer than anybody serves.
constexpr Duration kUntilCleared = std::chrono::days(366);
constexpr std::size_t kLongestName = 100;

constexpr std::array<TargetFaultKind, 5> kTargetFaults = {
    TargetFaultKind::kDown, TargetFaultKind::kHang, TargetFaultKind::kSlowScrape,
    TargetFaultKind::kMalformedScrape, TargetFaultKind::kRestart};

Error refuse(std::string message, std::string hint = "") {
  Error error = input_error({}, std::move(message));
  if (!hint.empty()) error.hints.push_back(std::move(hint));
  return error;
}

/// "8%", 0.08 and true alike, as a scenario's YAML takes them.
std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

class RequestReader {
 public:
  RequestReader(const scenario::System& system, Duration now) : system_(system) {
    fault_.at = now;
    fault_.length = kUntilCleared;
  }

  Result<Fault> read(const Json& request) {
    if (!request.is_object()) return refuse("expected a JSON object");
    for (const auto& [key, value] : request.items()) {
      auto read = read_key(key, value);
      if (read.has_error()) return read.error();
    }
    if (target_ == nullptr) return refuse("the key \"target\" is missing", known_targets(""));
    if (changes_ == nullptr) return refuse("the key \"changes\" is missing", "see GET /tocsin");
    auto changed = read_changes(*changes_, "");
    if (changed.has_error()) return changed.error();
    if (fault_.changes.empty() && fault_.target_faults.empty()) {
      return refuse("\"changes\" is empty, so this fault does nothing");
    }
    const auto ramp_too_long = [&](const SignalChange& c) { return c.over > fault_.length; };
    if (std::any_of(fault_.changes.begin(), fault_.changes.end(), ramp_too_long)) {
      return refuse("a ramp takes longer than the fault lasts");
    }
    return std::move(fault_);
  }

 private:
  std::string known_targets(std::string_view name) const {
    std::vector<std::string> known = {system_.service.name};
    for (const scenario::Target& exporter : system_.exporters) known.push_back(exporter.name);
    return unknown_name_hint(name, known);
  }

  Result<void> read_key(const std::string& key, const Json& value) {
    if (key == "changes") {
      if (!value.is_object()) return refuse("\"changes\" must be an object");
      changes_ = &value;
      return {};
    }
    static const std::vector<std::string> kKeys = {"target", "changes", "for", "name"};
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
      return refuse(fmt::format("unknown key \"{}\"", key), unknown_name_hint(key, kKeys));
    }
    if (!value.is_string()) return refuse(fmt::format("\"{}\" must be a string", key));
    const std::string text = value.get<std::string>();
    if (key == "target") return read_target(text);
    if (key == "for") return read_length(text);
    if (text.size() > kLongestName) return refuse("\"name\" is longer than 100 bytes");
    fault_.name = text;
    return {};
  }

  Result<void> read_target(const std::string& name) {
    target_ = system_.target(name);
    if (target_ == nullptr) {
      return refuse(fmt::format("the system has no target \"{}\"", name), known_targets(name));
    }
    fault_.target = name;
    return {};
  }

  Result<void> read_length(const std::string& text) {
    TRY(fault_.length, parse_duration(text));
    if (fault_.length <= Duration(0) || fault_.length > kUntilCleared) {
      return refuse("\"for\" must be longer than 0s and at most 366d");
    }
    return {};
  }

  Result<void> read_changes(const Json& changes, const std::string& endpoint) {
    for (const auto& [key, value] : changes.items()) {
      auto read = read_change(key, value, endpoint);
      if (read.has_error()) return read.error();
    }
    return {};
  }

  Result<void> read_change(const std::string& key, const Json& value, const std::string& endpoint) {
    if (endpoint.empty()) {
      for (const TargetFaultKind kind : kTargetFaults) {
        if (to_string(kind) == key) return read_target_fault(kind, value);
      }
      if (value.is_object()) return read_endpoint(key, value);
    }
    if (value.is_object() || value.is_array() || value.is_null()) {
      return refuse(fmt::format("\"{}\" must be a string or a number", key));
    }
    return read_signal(key, text_of(value), endpoint);
  }

  Result<void> read_target_fault(TargetFaultKind kind, const Json& value) {
    faults::TargetFault fault{.kind = kind};
    if (kind == TargetFaultKind::kSlowScrape) {
      if (!value.is_string()) return refuse("\"slow_scrape\" must be a duration like \"20s\"");
      TRY(fault.delay, parse_duration(value.get<std::string>()));
    } else if (value != true) {
      return refuse(fmt::format("\"{}\" must be true", to_string(kind)));
    }
    fault_.target_faults.push_back(fault);
    return {};
  }

  Result<void> read_endpoint(const std::string& name, const Json& changes) {
    std::vector<std::string> known;
    for (const scenario::Endpoint& endpoint : target_->endpoints) known.push_back(endpoint.name);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return refuse(fmt::format("{} has no endpoint \"{}\"", target_->name, name),
                    unknown_name_hint(name, known));
    }
    return read_changes(changes, name);
  }

  Result<void> read_signal(const std::string& name, const std::string& text,
                           const std::string& endpoint) {
    const auto signal = scenario::find_signal(*target_, name);
    if (!signal) {
      std::vector<std::string> known = scenario::signal_names(*target_);
      for (const TargetFaultKind kind : kTargetFaults) known.emplace_back(to_string(kind));
      return refuse(fmt::format("{} has no signal \"{}\"", target_->name, name),
                    unknown_name_hint(name, known));
    }
    if (!signal->settable) {
      return refuse(fmt::format("\"{}\" follows from the traffic; faults cannot move it", name));
    }
    if (!endpoint.empty() && !signal->builtin) {
      return refuse(fmt::format("\"{}\" belongs to no endpoint", name));
    }
    auto change = scenario::parse_change(text, signal->dimension);
    if (change.has_error()) {
      Error error = change.error();
      error.message = fmt::format("\"{}\": {}", name, error.message);
      return error;
    }
    const bool rate = signal->builtin && signal->base == "error_rate";
    const double low = std::min(change->value, change->from.value_or(change->value));
    const double high = std::max(change->value, change->from.value_or(change->value));
    if (change->kind == SignalChange::Kind::kSet) {
      if (rate && (low < 0 || high > 1)) return refuse("an error rate is from 0% to 100%");
      if (signal->distribution && low <= 0) {
        return refuse(fmt::format("\"{}\" is always above 0", name));
      }
    }
    change->signal = name;
    change->endpoint = endpoint;
    change->text = text;
    fault_.changes.push_back(std::move(*change));
    return {};
  }

  const scenario::System& system_;
  const scenario::Target* target_ = nullptr;
  const Json* changes_ = nullptr;
  Fault fault_;
};

}  // namespace

Result<Fault> read_control_request(const scenario::System& system, std::string_view json,
                                   Duration now) {
  const Json request = Json::parse(json, nullptr, false);
  if (request.is_discarded()) {
    return refuse("the body is not JSON", R"(like {"target": "service", "changes": {…}})");
  }
  return RequestReader(system, now).read(request);
}

}  // namespace tocsin::fakes
