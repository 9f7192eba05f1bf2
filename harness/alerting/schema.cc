#include "harness/alerting/schema.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "harness/alerting/matchers.h"
#include "harness/base/suggest.h"

namespace tocsin::alerting {
namespace {

constexpr std::string_view kSecretToken = "<secret>";

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::optional<bool> yaml_flag(const yaml::Node& node) {
  if (!node.is_scalar() || !node.plain) return std::nullopt;
  if (is_one_of(node.text,
                {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"}))
    return true;
  if (is_one_of(node.text,
                {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"}))
    return false;
  return std::nullopt;
}

std::optional<double> yaml_float(const yaml::Node& node) {
  if (!node.is_scalar() || !node.plain || node.text.empty()) return std::nullopt;
  std::string digits = node.text;
  std::erase(digits, '_');
  std::string_view rest = digits;
  if (rest.starts_with('+')) rest.remove_prefix(1);
  double value = 0;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != rest.data() + rest.size()) return std::nullopt;
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

/// strconv.ParseInt of Go with base 0: 0x1F, 0b1, 0o17 and 017, too.
std::optional<std::int64_t> go_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char mark = static_cast<char>(std::tolower(static_cast<unsigned char>(text[1])));
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, base);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  if (!whole || text.empty() || text[0] == '-') return std::nullopt;
  return negative ? -value : value;
}

std::optional<std::int64_t> yaml_integer(const yaml::Node& node) {
  if (!node.is_scalar() || !node.plain || node.text.empty()) return std::nullopt;
  std::string digits = node.text;
  std::erase(digits, '_');
  if (const auto value = go_integer(digits)) return value;
  const std::optional<double> number = yaml_float(node);
  if (!number || std::abs(*number) > 9e18) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::string_view expected(ValueType type) {
  switch (type) {
    case ValueType::kBool:
      return "true or false";
    case ValueType::kInteger:
      return "a whole number";
    case ValueType::kCount:
      return "a whole number that is not negative";
    case ValueType::kNumber:
      return "a number";
    case ValueType::kTexts:
    case ValueType::kMatchers:
      return "a list of texts";
    case ValueType::kMaps:
      return "a list";
    case ValueType::kTextMap:
    case ValueType::kTextsMap:
    case ValueType::kMapMap:
    case ValueType::kAnyMap:
    case ValueType::kRegexMap:
    case ValueType::kMap:
      return "a mapping";
    case ValueType::kTextOrMap:
      return "a text or a mapping";
    default:
      return "a text";
  }
}

/// One pass over a configuration.
class SchemaChecker {
 public:
  explicit SchemaChecker(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void map(const yaml::Node& node, const Schema& schema) {
    if (node.is_null()) return;
    if (!node.is_map()) return fail(node, wrong_kind(schema.what, node, "a mapping"));
    for (const yaml::Node::Entry& entry : node.entries) {
      const auto key = std::find_if(schema.keys.begin(), schema.keys.end(), [&](const Key& one) {
        return entry.key->is_scalar() && one.name == entry.key->text;
      });
      if (key == schema.keys.end()) {
        unknown_key(*entry.key, schema);
      } else {
        value(*entry.value, *key);
      }
    }
  }

  void value(const yaml::Node& node, const Key& key) {
    if (node.is_null()) return;
    if (!has_kind(node, key.type)) {
      return fail(node, wrong_kind(key.name, node, expected(key.type)));
    }
    switch (key.type) {
      case ValueType::kMap:
        return map(node, *key.schema);
      case ValueType::kTextOrMap:
        if (node.is_map()) map(node, *key.schema);
        return;
      case ValueType::kMaps:
        for (const yaml::NodePtr& item : node.items) map(*item, *key.schema);
        return;
      case ValueType::kTexts:
        for (const yaml::NodePtr& item : node.items) text_item(*item, key);
        return;
      case ValueType::kMatchers:
        return matchers(node, key);
      case ValueType::kTextMap:
      case ValueType::kRegexMap:
        return text_map(node, key);
      case ValueType::kTextsMap:
      case ValueType::kMapMap:
        return map_of(node, key);
      default:
        if (node.is_scalar()) scalar(node, key);
    }
  }

 private:
  static bool has_kind(const yaml::Node& node, ValueType type) {
    switch (type) {
      case ValueType::kAny:
        return true;
      case ValueType::kBool:
        return yaml_flag(node).has_value();
      case ValueType::kInteger:
        return yaml_integer(node).has_value();
      case ValueType::kCount:
        return yaml_integer(node).value_or(-1) >= 0;
      case ValueType::kNumber:
        return yaml_float(node).has_value();
      case ValueType::kTexts:
      case ValueType::kMatchers:
      case ValueType::kMaps:
        return node.is_list();
      case ValueType::kTextMap:
      case ValueType::kTextsMap:
      case ValueType::kMapMap:
      case ValueType::kAnyMap:
      case ValueType::kRegexMap:
      case ValueType::kMap:
        return node.is_map();
      case ValueType::kTextOrMap:
        return node.is_scalar() || node.is_map();
      default:
        return node.is_scalar();
    }
  }

  void scalar(const yaml::Node& node, const Key& key) {
    switch (key.type) {
      case ValueType::kDuration:
        return complain(node, parse_model_duration(node.text));
      case ValueType::kGoDuration:
        if (!yaml_integer(node)) complain(node, parse_go_duration(node.text));
        return;
      case ValueType::kGoDurationText:
        return complain(node, parse_go_duration(node.text));
      case ValueType::kHostPort:
        if (!node.text.empty()) complain(node, parse_host_port(node.text));
        return;
      case ValueType::kTemplateUrl:
        if (node.text.empty() || node.text.find("{{") != std::string::npos) return;
        [[fallthrough]];
      case ValueType::kSecretUrl:
        if (node.text == kSecretToken) return;
        [[fallthrough]];
      case ValueType::kUrl:
        if (const auto problem = url_problem(node.text)) url(node, key, *problem);
        return;
      case ValueType::kAnyUrl:
        if (const auto problem = go_url_problem(node.text)) url(node, key, *problem);
        return;
      default:
        return;
    }
  }

  void url(const yaml::Node& node, const Key& key, const std::string& problem) {
    Error error = node.error(fmt::format("{}: {}", key.name, problem));
    // The line may hold a secret.
    if (key.type != ValueType::kUrl && key.type != ValueType::kAnyUrl) error.excerpt.clear();
    diagnostics_.add(std::move(error));
  }

  void text_item(const yaml::Node& node, const Key& key) {
    if (!node.is_scalar() && !node.is_null()) {
      fail(node, wrong_kind("an item of " + std::string(key.name), node, "a text"));
    }
  }

  void matchers(const yaml::Node& node, const Key& key) {
    for (const yaml::NodePtr& item : node.items) {
      text_item(*item, key);
      if (!item->is_scalar()) continue;
      Result<Matchers> parsed = parse_matchers(item->text);
      if (parsed.has_error()) diagnostics_.add(item->error_within(std::move(parsed).error()));
    }
  }

  void text_map(const yaml::Node& node, const Key& key) {
    for (const yaml::Node::Entry& entry : node.entries) {
      if (!entry.key->is_scalar()) {
        fail(*entry.key, fmt::format("the names of {} must be texts", key.name));
      } else if (!entry.value->is_scalar() && !entry.value->is_null()) {
        fail(*entry.value, wrong_kind(entry.key->text, *entry.value, "a text"));
      } else if (key.type == ValueType::kRegexMap) {
        regex_entry(entry);
      }
    }
  }

  /// Names to lists of texts, or to mappings.
  void map_of(const yaml::Node& node, const Key& key) {
    for (const yaml::Node::Entry& entry : node.entries) {
      if (!entry.key->is_scalar()) {
        fail(*entry.key, fmt::format("the names of {} must be texts", key.name));
      } else if (key.type == ValueType::kMapMap) {
        map(*entry.value, *key.schema);
      } else {
        value(*entry.value, {entry.key->text, ValueType::kTexts});
      }
    }
  }

  void regex_entry(const yaml::Node::Entry& entry) {
    if (!is_legacy_label_name(entry.key->text)) {
      fail(*entry.key, fmt::format("invalid label name \"{}\"", entry.key->text));
    }
    if (entry.value->is_null()) {
      return fail(*entry.key, fmt::format("invalid regexp value for \"{}\"", entry.key->text));
    }
    Result<Regex> regex = Regex::compile(entry.value->text);
    if (regex.has_error()) fail(*entry.value, regex.error().message);
  }

  void unknown_key(const yaml::Node& key, const Schema& schema) {
    std::vector<std::string> names;
    for (const Key& one : schema.keys) names.emplace_back(one.name);
    const std::string name = key.is_scalar() ? key.text : std::string(yaml::describe(key));
    Error error = key.error(fmt::format("field {} not found in {}", name, schema.what));
    error.hints.push_back(unknown_name_hint(name, names));
    diagnostics_.add(std::move(error));
  }

  template <class T>
  void complain(const yaml::Node& node, const Result<T>& result) {
    if (result.has_error()) fail(node, result.error().message);
  }
  static std::string wrong_kind(std::string_view what, const yaml::Node& node,
                                std::string_view wanted) {
    return fmt::format("{} must be {}, not {}", what, wanted, yaml::describe(node));
  }
  void fail(const yaml::Node& node, std::string message) {
    diagnostics_.add(node.error(std::move(message)));
  }

  Diagnostics& diagnostics_;
};

struct GoUnit {
  std::string_view name;
  double nanoseconds;
};
constexpr GoUnit kGoUnits[] = {{"ns", 1},   {"us", 1e3}, {"µs", 1e3}, {"μs", 1e3},
                               {"ms", 1e6}, {"s", 1e9},  {"m", 60e9}, {"h", 3600e9}};

}  // namespace

void check_value(const yaml::Node& node, const Key& key, Diagnostics& diagnostics) {
  SchemaChecker(diagnostics).value(node, key);
}

void check_map(const yaml::Node& node, const Schema& schema, Diagnostics& diagnostics) {
  SchemaChecker(diagnostics).map(node, schema);
}

const yaml::Node* find_value(const yaml::Node& map, std::string_view name) {
  const yaml::Node* node = map.find(name);
  return node == nullptr || node->is_null() ? nullptr : node;
}

std::string text_of(const yaml::Node& map, std::string_view name) {
  const yaml::Node* node = find_value(map, name);
  return node != nullptr && node->is_scalar() ? node->text : "";
}

std::optional<bool> flag_of(const yaml::Node& map, std::string_view name) {
  const yaml::Node* node = find_value(map, name);
  return node == nullptr ? std::nullopt : yaml_flag(*node);
}

std::optional<Duration> duration_of(const yaml::Node& map, std::string_view name) {
  const yaml::Node* node = find_value(map, name);
  if (node == nullptr || !node->is_scalar()) return std::nullopt;
  const Result<Duration> duration = parse_model_duration(node->text);
  return duration.has_error() ? std::nullopt : std::optional(*duration);
}

std::optional<std::int64_t> integer_of(const yaml::Node& map, std::string_view name) {
  const yaml::Node* node = find_value(map, name);
  return node == nullptr ? std::nullopt : yaml_integer(*node);
}

std::span<const yaml::NodePtr> items_of(const yaml::Node& map, std::string_view name) {
  const yaml::Node* node = find_value(map, name);
  if (node == nullptr || !node->is_list()) return {};
  return node->items;
}

Result<Duration> parse_model_duration(std::string_view text) {
  if (text.empty()) return input_error({}, "empty duration string");
  const bool odd = text.find_first_of(".+-_ \t") != std::string_view::npos;
  const Result<Duration> duration = parse_duration(text);
  if (!odd && duration.has_value()) return duration;
  Error error = input_error({}, fmt::format("not a valid duration string: \"{}\"", text));
  error.hints.push_back("durations are written like 30s, 5m or 1h30m");
  return error;
}

Result<Nanos> parse_go_duration(std::string_view text) {
  const Error bad = input_error({}, fmt::format("time: invalid duration \"{}\"", text));
  std::string_view rest = text;
  const double sign = rest.starts_with('-') ? -1 : 1;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return Nanos(0);
  if (rest.empty()) return bad;
  double total = 0;
  while (!rest.empty()) {
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    double value = 0;
    const std::string number =
        (rest.starts_with('.') ? "0" : "") + std::string(rest.substr(0, digits));
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
    if (digits == 0 || rest.substr(0, digits) == "." || parsed.ec != std::errc() ||
        parsed.ptr != number.data() + number.size()) {
      return bad;
    }
    rest.remove_prefix(digits);
    const std::string_view unit = rest.substr(0, rest.find_first_of("0123456789."));
    const auto known = std::find_if(std::begin(kGoUnits), std::end(kGoUnits),
                                    [&](const GoUnit& one) { return one.name == unit; });
    if (known == std::end(kGoUnits)) {
      return input_error({}, fmt::format("time: {} unit in duration \"{}\"",
                                         unit.empty() ? "missing" : "unknown", text));
    }
    total += value * known->nanoseconds;
    rest.remove_prefix(unit.size());
  }
  if (total > 9.2e18) return bad;
  return Nanos(static_cast<std::int64_t>(sign * total));
}

Result<HostPort> parse_host_port(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return input_error({}, fmt::format("address {}: {}", text, why));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("missing port in address");
  HostPort parts{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
  if (parts.host.starts_with('[')) {
    if (text.find(']') == std::string_view::npos) return bad("missing ']' in address");
    if (!parts.host.ends_with(']')) return bad("missing port in address");
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  } else if (parts.host.find(':') != std::string::npos) {
    return bad("too many colons in address");
  }
  if (parts.port.empty()) {
    return input_error({}, fmt::format("address \"{}\": port cannot be empty", text));
  }
  return parts;
}

}  // namespace tocsin::alerting
