#include "harness/ruletest/fields.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>

#include "harness/base/suggest.h"

namespace tocsin::ruletest {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// Whole numbers in Go's bases: 0x1f, 0o17, 017, 0b101.
std::optional<double> whole_number(std::string_view digits, double sign) {
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const char mark = digits[1];
    base = mark == 'x' || mark == 'X' ? 16 : mark == 'b' || mark == 'B' ? 2 : 8;
    const bool prefixed = base != 8 || mark == 'o' || mark == 'O';
    digits.remove_prefix(prefixed ? 2 : 1);
  }
  std::uint64_t value = 0;
  const auto end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, value, base);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return sign * static_cast<double>(value);
}

}  // namespace

std::optional<double> yaml_number(std::string_view text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (is_one_of(text, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"})) return kInfinity;
  if (is_one_of(text, {"-.inf", "-.Inf", "-.INF"})) return -kInfinity;
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return std::numeric_limits<double>::quiet_NaN();
  std::string plain(text);
  std::erase(plain, '_');
  std::string_view digits = plain;
  const double sign = digits.starts_with('-') ? -1 : 1;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || !(digits[0] == '.' || (digits[0] >= '0' && digits[0] <= '9'))) return {};
  if (const auto whole = whole_number(digits, sign)) return whole;
  if (digits.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return {};
  double value = 0;
  const auto end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, value);
  if (parsed.ptr != end || digits == ".") return std::nullopt;
  if (parsed.ec == std::errc::result_out_of_range) {
    value = std::strtod(std::string(digits).c_str(), nullptr);
  } else if (parsed.ec != std::errc()) {
    return std::nullopt;
  }
  return sign * value;
}

void Fields::fail(Error error) {
  if (!context_.empty()) error.context.push_back(context_);
  diagnostics_.add(std::move(error));
}

void Fields::fail(const yaml::Node& node, std::string message, std::string hint) {
  Error error = node.error(std::move(message));
  if (!hint.empty()) error.hints.push_back(std::move(hint));
  fail(std::move(error));
}

void Fields::wrong_kind(const yaml::Node& node, std::string_view what, std::string_view expected) {
  const bool braces = node.source->text().substr(node.offset).starts_with("{{");
  fail(node, fmt::format("{} must be {}, not {}", what, expected, yaml::describe(node)),
       braces ? "put quotes around a value that begins with {{" : "");
}

bool Fields::expect_map(const yaml::Node& node, std::span<const std::string> keys,
                        std::string_view what) {
  if (node.is_null()) return false;  // as good as an empty one
  if (!node.is_map()) {
    wrong_kind(node, what, "a mapping");
    return false;
  }
  for (const auto& [key, value] : node.entries) {
    if (!key->is_scalar()) {
      wrong_kind(*key, "a key", "text");
      continue;
    }
    const std::string& name = key->text;
    if (name.starts_with("x-") || std::find(keys.begin(), keys.end(), name) != keys.end()) continue;
    fail(*key, fmt::format("{} has no key \"{}\"", what, name), unknown_name_hint(name, keys));
  }
  return true;
}

const yaml::Node* Fields::find(const yaml::Node& map, std::string_view name) {
  const yaml::Node* value = map.find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::span<const yaml::NodePtr> Fields::list(const yaml::Node& map, std::string_view name) {
  const yaml::Node* value = find(map, name);
  if (value == nullptr) return {};
  if (!value->is_list()) wrong_kind(*value, name, "a list");
  return value->items;
}

std::string Fields::text(const yaml::Node& node, std::string_view what) {
  if (node.is_null()) return {};
  if (node.is_scalar()) return node.text;
  wrong_kind(node, what, "text");
  return {};
}

std::string Fields::text_of(const yaml::Node& map, std::string_view name) {
  const yaml::Node* value = find(map, name);
  return value == nullptr ? std::string() : text(*value, name);
}

Duration Fields::duration_of(const yaml::Node& map, std::string_view name) {
  const yaml::Node* value = find(map, name);
  if (value == nullptr) return Duration(0);
  const std::string written = text(*value, name);
  if (!value->is_scalar()) return Duration(0);
  Result<Duration> parsed = parse_duration(written);
  const bool fraction = written.find('.') != std::string::npos;
  if (!parsed.has_error() && !fraction) return *parsed;
  if (parsed.has_error()) {
    Error error = value->error(parsed.error().message);
    error.hints = parsed.error().hints;
    fail(std::move(error));
  } else {
    fail(*value, fmt::format("\"{}\" is not a duration: fractions are not allowed here", written),
         "write 1500ms for 1.5s");
  }
  return Duration(0);
}

bool Fields::flag_of(const yaml::Node& map, std::string_view name) {
  const yaml::Node* value = find(map, name);
  if (value == nullptr) return false;
  const std::string written = text(*value, name);
  if (!value->is_scalar()) return false;
  if (value->plain) {
    if (is_one_of(written,
                  {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) {
      return true;
    }
    if (is_one_of(written,
                  {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) {
      return false;
    }
  }
  fail(*value, fmt::format("{} must be true or false, not \"{}\"", name, written));
  return false;
}

double Fields::number_of(const yaml::Node& map, std::string_view name) {
  const yaml::Node* value = find(map, name);
  if (value == nullptr) return 0;
  const std::string written = text(*value, name);
  if (!value->is_scalar()) return 0;
  const std::optional<double> number = value->plain ? yaml_number(written) : std::nullopt;
  if (number) return *number;
  const bool quoted = !value->plain && yaml_number(written).has_value();
  fail(*value, fmt::format("{} must be a number, not \"{}\"", name, written),
       quoted ? "a number stands without quotes" : "infinity is .inf, and not a number .nan");
  return 0;
}

std::optional<std::size_t> Fields::count_of(const yaml::Node& map, std::string_view name,
                                            std::size_t most) {
  const yaml::Node* value = find(map, name);
  if (value == nullptr) return std::nullopt;
  const std::string written = text(*value, name);
  if (!value->is_scalar()) return std::nullopt;
  std::size_t count = 0;
  const auto end = written.data() + written.size();
  const auto parsed = std::from_chars(written.data(), end, count);
  if (parsed.ec == std::errc() && parsed.ptr == end && count <= most) return count;
  fail(*value, fmt::format("{} must be a whole number up to {}, not \"{}\"", name, most, written));
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> Fields::texts_of(const yaml::Node& map,
                                                                  std::string_view name) {
  std::vector<std::pair<std::string, std::string>> result;
  const yaml::Node* value = find(map, name);
  if (value == nullptr) return result;
  if (!value->is_map()) {
    wrong_kind(*value, name, "a mapping");
    return result;
  }
  for (const auto& [key, item] : value->entries) {
    if (!key->is_scalar() && !key->is_null()) {
      wrong_kind(*key, "a key", "text");
      continue;
    }
    result.emplace_back(key->text, text(*item, key->text));
  }
  return result;
}

}  // namespace tocsin::ruletest
