#include "harness/routetest/case_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/alerting/schema.h"
#include "harness/base/suggest.h"

namespace tocsin::routetest {
namespace {

/// The one whose behaviour the engine has.
constexpr int kVersion[] = {0, 34};

/// -1, 0, 1.
int compare_version(std::string_view text) {
  for (const int ours : kVersion) {
    int theirs = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), theirs);
    if (parsed.ec != std::errc()) return 0;
    if (theirs != ours) return theirs < ours ? -1 : 1;
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    if (text.starts_with('.')) text.remove_prefix(1);
  }
  return 0;
}

std::optional<double> number_in(const yaml::Node& node) {
  if (!node.is_scalar()) return std::nullopt;
  double value = 0;
  const char* const end = node.text.data() + node.text.size();
  const auto parsed = std::from_chars(node.text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool is_word(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// A plain scalar that YAML takes for something else than a text.
bool is_typed(const yaml::Node& node) {
  return node.plain && (is_word(node.text, {"true", "false", "null", "~"}) || number_in(node));
}

}  // namespace

void CaseBuilder::fail(std::string message) {
  result_.outcome = CaseResult::Outcome::kFailed;
  result_.notes.push_back(std::move(message));
}

void CaseBuilder::fail(const yaml::Node& node, std::string_view message) {
  fail(fmt::format("{}: {}", to_string(node.pos()), message));
}

void CaseBuilder::fail(const Error& error) {
  std::string text = render(error);
  while (text.ends_with('\n')) text.pop_back();
  fail(std::move(text));
}

void CaseBuilder::skip(std::string why) {
  result_.outcome = CaseResult::Outcome::kSkipped;
  result_.notes = {std::move(why)};
}

bool CaseBuilder::expect_keys(const yaml::Node& node, std::initializer_list<std::string_view> keys,
                              std::string_view what) {
  if (!node.is_map()) {
    fail(node.error(fmt::format("{} must be a mapping, not {}", what, yaml::describe(node))));
    return false;
  }
  bool known = true;
  for (const yaml::Node::Entry& entry : node.entries) {
    if (is_word(entry.key->text, keys)) continue;
    const std::vector<std::string> names(keys.begin(), keys.end());
    Error error = entry.key->error(fmt::format("unknown key \"{}\" in {}", entry.key->text, what));
    error.hints.push_back(unknown_name_hint(entry.key->text, names));
    fail(error);
    known = false;
  }
  return known;
}

std::optional<Duration> CaseBuilder::seconds(const yaml::Node& map, std::string_view key) {
  const yaml::Node* node = alerting::find_value(map, key);
  if (node == nullptr) return std::nullopt;
  const std::optional<double> number = number_in(*node);
  if (!number || std::abs(*number) > 1e12) {
    fail(node->error(fmt::format("{} must be a number of seconds", key)));
    return std::nullopt;
  }
  return Duration(std::llround(*number * 1000));
}

std::optional<std::int64_t> CaseBuilder::integer(const yaml::Node& map, std::string_view key) {
  const yaml::Node* node = alerting::find_value(map, key);
  if (node == nullptr) return std::nullopt;
  const std::optional<std::int64_t> value = alerting::integer_of(map, key);
  if (!value) fail(node->error(fmt::format("{} must be a whole number", key)));
  return value;
}

Labels CaseBuilder::labels(const yaml::Node* node) {
  if (node == nullptr || node->is_null()) return {};
  if (!node->is_map()) {
    fail(node->error("labels must be a mapping"));
    return {};
  }
  std::vector<LabelView> views;
  for (const auto& [key, value] : node->entries) {
    if (!value->is_scalar() && !value->is_null())
      fail(value->error("a label's value must be a text"));
    views.push_back({key->text, value->text});
  }
  return Labels::from(views);
}

bool is_newer(std::string_view version) {
  return !version.empty() && compare_version(version) > 0;
}
bool is_older(std::string_view version) {
  return !version.empty() && compare_version(version) < 0;
}

nlohmann::ordered_json to_json(const yaml::Node& node) {
  using Json = nlohmann::ordered_json;
  switch (node.kind) {
    case yaml::Node::Kind::kNull:
      return nullptr;
    case yaml::Node::Kind::kList: {
      Json json = Json::array();
      for (const yaml::NodePtr& item : node.items) json.push_back(to_json(*item));
      return json;
    }
    case yaml::Node::Kind::kMap: {
      Json json = Json::object();
      for (const auto& [key, value] : node.entries) json[key->text] = to_json(*value);
      return json;
    }
    case yaml::Node::Kind::kScalar:
      break;
  }
  if (!is_typed(node)) return node.text;
  if (node.text == "null" || node.text == "~") return nullptr;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  std::int64_t whole = 0;
  const char* const end = node.text.data() + node.text.size();
  const auto parsed = std::from_chars(node.text.data(), end, whole);
  if (parsed.ec == std::errc() && parsed.ptr == end) return whole;
  return *number_in(node);
}

std::string yaml_text(const yaml::Node& node) {
  // JSON is YAML.
  return to_json(node).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

std::shared_ptr<const alerting::Config> embedded_config(const yaml::Node& node, std::string text,
                                                        std::vector<Error>& errors) {
  Diagnostics diagnostics;
  auto config = alerting::parse_config(node.source->file(), std::move(text), diagnostics);
  const yaml::ScalarMap places = node.is_scalar() ? node.places() : yaml::ScalarMap();
  for (Error& error : diagnostics.sorted()) {
    if (node.is_scalar()) {
      error.pos = places.at(error.pos.line, error.pos.column);
      if (!error.excerpt.empty()) error.excerpt = node.source->excerpt(error.pos.line);
    } else {
      error.pos = node.pos();  // what was parsed is another text
    }
    errors.push_back(std::move(error));
  }
  return config;
}

}  // namespace tocsin::routetest
