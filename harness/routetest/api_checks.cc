#include "harness/routetest/api_checks.h"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/alerting/alert.h"
#include "harness/alerting/schema.h"

namespace tocsin::routetest {
namespace {

using Resolve = std::function<std::string(const std::string&)>;

/// "@fp:a=b,c=d@": the fingerprint of a label set.
std::optional<std::string> fingerprint_reference(const std::string& text) {
  constexpr std::string_view kPrefix = "@fp:";
  if (!text.starts_with(kPrefix) || !text.ends_with('@')) return std::nullopt;
  std::string_view rest = std::string_view(text).substr(kPrefix.size());
  rest.remove_suffix(1);
  std::vector<LabelView> labels;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const std::size_t equals = std::min(one.find('='), one.size());
    labels.push_back({one.substr(0, equals), one.substr(std::min(equals + 1, one.size()))});
  }
  return alerting::fingerprint_text(alerting::fingerprint(Labels::from(labels)));
}

/// "0.status.state": the part of the answer; null when there is none.
const nlohmann::json* part_of(const nlohmann::json& json, std::string_view path) {
  const nlohmann::json* at = &json;
  while (!path.empty() && at != nullptr) {
    const std::string key(path.substr(0, path.find('.')));
    path.remove_prefix(std::min(key.size() + 1, path.size()));
    std::size_t index = 0;
    const auto parsed = std::from_chars(key.data(), key.data() + key.size(), index);
    if (at->is_array() && parsed.ec == std::errc() && parsed.ptr == key.data() + key.size()) {
      at = index < at->size() ? &(*at)[index] : nullptr;
    } else {
      at = at->is_object() && at->contains(key) ? &(*at)[key] : nullptr;
    }
  }
  return at;
}

bool same_value(const nlohmann::json& seen, const yaml::Node& wanted, const Resolve& resolve) {
  if (wanted.is_scalar()) {
    if (const auto print = fingerprint_reference(wanted.text)) return seen == *print;
    if (seen.is_string()) return seen.get<std::string>() == resolve(wanted.text);
  }
  return seen == nlohmann::json(to_json(wanted));
}

std::string shown_value(const nlohmann::json* value) {
  return value == nullptr ? "not there" : value->dump();
}

/// Each item that the paths number is some item of the answer, each another one.
class Assignment {
 public:
  Assignment(const nlohmann::json& items, const yaml::Node& equals, const Resolve& resolve)
      : items_(items), resolve_(resolve) {
    for (const auto& [key, value] : equals.entries) {
      const std::size_t dot = std::min(key->text.find('.'), key->text.size());
      const std::string rest = key->text.substr(std::min(dot + 1, key->text.size()));
      wanted_[key->text.substr(0, dot)].push_back({rest, value.get()});
    }
    taken_.assign(items.size(), false);
  }

  bool possible() { return assign(wanted_.begin()); }

 private:
  using Wanted = std::map<std::string, std::vector<std::pair<std::string, const yaml::Node*>>>;

  bool fits(const nlohmann::json& item, const Wanted::mapped_type& parts) const {
    return std::all_of(parts.begin(), parts.end(), [&](const auto& part) {
      const nlohmann::json* seen = part_of(item, part.first);
      return seen != nullptr && same_value(*seen, *part.second, resolve_);
    });
  }

  bool assign(Wanted::const_iterator next) {
    if (next == wanted_.end()) return true;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (taken_[i] || !fits(items_[i], next->second)) continue;
      taken_[i] = true;
      if (assign(std::next(next))) return true;
      taken_[i] = false;
    }
    return false;
  }

  const nlohmann::json& items_;
  const Resolve& resolve_;
  Wanted wanted_;
  std::vector<bool> taken_;
};

}  // namespace

void check_answer(const yaml::Node& check, const std::string& target, const std::string& body,
                  const Resolve& resolve, CaseBuilder& result) {
  const yaml::Node* equals = alerting::find_value(check, "equals");
  const auto count = result.integer(check, "count");
  if (equals == nullptr && !count) return;
  const nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_discarded()) return result.fail(check, "the answer is not JSON: " + body);
  if (count && json.size() != static_cast<std::size_t>(*count)) {
    result.fail(check, fmt::format("{} has {} items, expected {}", target, json.size(), *count));
  }
  if (equals == nullptr) return;
  if (!equals->is_map()) return result.fail(*equals, "equals must be a mapping");
  if (alerting::flag_of(check, "unordered").value_or(false) && json.is_array()) {
    if (!Assignment(json, *equals, resolve).possible()) {
      result.fail(*equals, fmt::format("no order of {} fits: {}", target, json.dump()));
    }
    return;
  }
  for (const auto& [key, value] : equals->entries) {
    const nlohmann::json* seen = part_of(json, key->text);
    if (seen != nullptr && same_value(*seen, *value, resolve)) continue;
    result.fail(*key, fmt::format("{} of {} is {}, expected {}", key->text, target,
                                  shown_value(seen), to_json(*value).dump()));
  }
}

}  // namespace tocsin::routetest
