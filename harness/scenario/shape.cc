#include "harness/scenario/shape.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/suggest.h"
#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

template <class T>
std::optional<Error> error_of(const Result<T>& result) {
  if (result.has_error()) return result.error();
  return std::nullopt;
}

/// What is wrong with the text itself; nothing for kinds that their readers parse.
std::optional<Error> check_text(std::string_view text, const Shape& shape) {
  switch (shape.scalar) {
    case Scalar::kBool:
      return error_of(parse_bool(text));
    case Scalar::kCount:
      return error_of(parse_count(text));
    case Scalar::kNumber:
      return error_of(parse_number(text));
    case Scalar::kQuantity:
      return error_of(parse_quantity(text));
    case Scalar::kDuration:
      return error_of(parse_length(text));
    case Scalar::kRate:
      return error_of(parse_value(text, Dimension::kRate));
    case Scalar::kRateRange:
      return error_of(parse_rate_range(text));
    case Scalar::kShare:
      return error_of(parse_share(text));
    case Scalar::kSize:
      return error_of(parse_value(text, Dimension::kBytes));
    case Scalar::kBandwidth:
      return error_of(parse_bandwidth(text));
    case Scalar::kTimestamp:
      return error_of(parse_rfc3339(text));
    default:
      return std::nullopt;
  }
}

void check_word(const yaml::Node& node, const Shape& shape, Problems& problems) {
  if (std::find(shape.words.begin(), shape.words.end(), node.text) != shape.words.end()) return;
  const std::string best = nearest_name(node.text, shape.words);
  problems.add(node, fmt::format("expected {}, not \"{}\"", describe(shape), node.text),
               best.empty() ? "" : fmt::format("did you mean \"{}\"?", best));
}

void check_map(const yaml::Node& node, const Table& table, Problems& problems) {
  for (const yaml::Node::Entry& entry : node.entries) {
    const auto is_it = [&](const Key& key) { return key.name == entry.key->text; };
    const auto known = std::find_if(table.keys.begin(), table.keys.end(), is_it);
    if (known != table.keys.end()) {
      check_shape(*entry.value, known->shape, problems);
    } else if (table.others != nullptr) {
      check_shape(*entry.value, *table.others, problems);
    } else {
      std::vector<std::string> names;
      for (const Key& key : table.keys) names.emplace_back(key.name);
      problems.unknown(*entry.key, fmt::format("{} has no key \"{}\"", table.name, entry.key->text),
                       entry.key->text, names);
    }
  }
  for (const Key& key : table.keys) {
    if (key.need == Need::kRequired && node.find(key.name) == nullptr) {
      problems.add(node, fmt::format("{} needs the key \"{}\"", table.name, key.name),
                   fmt::format("{}: {}", key.name, key.help));
    }
  }
}

}  // namespace

void check_shape(const yaml::Node& node, const Shape& shape, Problems& problems) {
  if (node.is_map() && shape.map != nullptr) {
    check_map(node, *shape.map, problems);
  } else if (node.is_list() && shape.list != nullptr) {
    for (const yaml::NodePtr& item : node.items) check_shape(*item, *shape.list, problems);
  } else if (node.is_scalar() && shape.scalar == Scalar::kWord) {
    check_word(node, shape, problems);
  } else if (node.is_scalar() && shape.scalar != Scalar::kNone) {
    if (auto error = check_text(node.text, shape)) problems.add_parse_error(node, *error);
  } else if (node.kind != yaml::Node::Kind::kNull || shape.scalar != Scalar::kJson) {
    static constexpr std::string_view kKinds[] = {"nothing", "a single value", "a list", "a map"};
    problems.add(node, fmt::format("expected {}, not {}", describe(shape),
                                   kKinds[static_cast<std::size_t>(node.kind)]));
  }
}

std::string_view describe(Scalar scalar) {
  switch (scalar) {
    case Scalar::kNone:
      return "nothing";
    case Scalar::kText:
      return "a text";
    case Scalar::kWord:
      return "a word";
    case Scalar::kBool:
      return "true or false";
    case Scalar::kCount:
      return "a whole number";
    case Scalar::kNumber:
      return "a number";
    case Scalar::kQuantity:
      return "a number with its unit";
    case Scalar::kDuration:
      return "a duration like 30s, 5m or 1h30m";
    case Scalar::kRate:
      return "a rate like 50/s";
    case Scalar::kRateRange:
      return "a rate like 50/s or 10/s..50/s";
    case Scalar::kShare:
      return "a share like 8%";
    case Scalar::kSize:
      return "a size like 64KB";
    case Scalar::kBandwidth:
      return "a bandwidth like 10KB/s";
    case Scalar::kTimestamp:
      return "a point in time like 2026-01-28T09:00:00Z";
    case Scalar::kFormula:
      return "a number or a formula over signals";
    case Scalar::kClaim:
      return "a claim like 8% ± 1%, 5%..7% or < 2s";
    case Scalar::kPoint:
      return "a time like 14m or 5m after fault";
    case Scalar::kWindow:
      return "a time window like 5m..7m after fault or within 6m of fault end";
    case Scalar::kPromql:
      return "a PromQL expression";
    case Scalar::kChange:
      return "a change like 8%, x3, +500ms or 40..95 over 10m";
    case Scalar::kJson:
      return "a value";
  }
  return "a value";
}

std::string describe(const Shape& shape) {
  std::vector<std::string> choices;
  if (shape.scalar == Scalar::kWord) {
    choices.emplace_back(fmt::format("{}", fmt::join(shape.words, ", ")));
  } else if (shape.scalar != Scalar::kNone) {
    choices.emplace_back(describe(shape.scalar));
  }
  if (shape.map != nullptr) choices.emplace_back(fmt::format("a map ({})", shape.map->name));
  if (shape.list != nullptr) choices.emplace_back("a list");
  return fmt::format("{}", fmt::join(choices, " or "));
}

}  // namespace tocsin::scenario
