#include <map>

#include <nlohmann/json.hpp>

#include "harness/scenario/language.h"
#include "harness/scenario/load.h"

/// The tables of the languages as JSON Schema.

namespace tocsin::scenario {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kNumberPattern = R"([+-]?[0-9.]+([eE][+-]?[0-9]+)?)";
constexpr std::string_view kDurationPattern = R"(([0-9.]+(ms|us|µs|ns|[ywdhms]))+)";
constexpr std::string_view kSizePattern = R"([0-9.]+ ?([KMGT]i?)?B)";

/// A text of the pattern, or zero, which needs no unit.
ordered_json with_unit(const std::string& pattern) {
  return {{"anyOf", {{{"const", 0}}, {{"type", "string"}, {"pattern", "^(0|" + pattern + ")$"}}}}};
}

ordered_json schema_of(Scalar scalar) {
  const std::string number(kNumberPattern);
  const std::string rate = "[0-9.]+([eE][+-]?[0-9]+)? ?/[smh]";
  const ordered_json text_or_number = {{"type", {"string", "number"}}};
  switch (scalar) {
    case Scalar::kNone:
    case Scalar::kWord:
    case Scalar::kJson:
      return {{"type", {"string", "number", "boolean", "null"}}};
    case Scalar::kText:
      return {{"type", {"string", "number", "boolean"}}};
    case Scalar::kBool:
      return {{"type", "boolean"}};
    case Scalar::kCount:
      return {{"type", "integer"}, {"minimum", 0}};
    case Scalar::kNumber:
      return {{"type", "number"}};
    case Scalar::kQuantity:
      return {{"type", {"string", "number"}},
              {"pattern", "^" + number + " ?(%|/[smh]|([KMGT]i?)?B)?$|^[+-]?" +
                              std::string(kDurationPattern) + "$"}};
    case Scalar::kDuration:
      return with_unit(std::string(kDurationPattern));
    case Scalar::kRate:
      return with_unit(rate);
    case Scalar::kRateRange:
      return with_unit("(" + rate + "|0)( *\\.\\. *(" + rate + "|0))?");
    case Scalar::kShare:
      return {{"anyOf",
               {{{"type", "number"}, {"minimum", 0}, {"maximum", 1}},
                {{"type", "string"}, {"pattern", "^[0-9.]+ ?%$"}}}}};
    case Scalar::kSize:
      return with_unit(std::string(kSizePattern));
    case Scalar::kBandwidth:
      return {{"type", "string"}, {"pattern", "^" + std::string(kSizePattern) + "/s$"}};
    case Scalar::kTimestamp:
    case Scalar::kPromql:
      return {{"type", "string"}};
    case Scalar::kFormula:
    case Scalar::kClaim:
    case Scalar::kPoint:
    case Scalar::kWindow:
    case Scalar::kChange:
      return text_or_number;
  }
  return text_or_number;
}

class SchemaWriter {
 public:
  std::string write(const Table& root, std::string_view title) {
    ordered_json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                           {"title", title}};
    schema.update(table(root));
    schema["$defs"] = definitions_;
    return schema.dump(2) + "\n";
  }

 private:
  ordered_json shape(const Shape& shape) {
    std::vector<ordered_json> choices;
    if (shape.scalar == Scalar::kWord) {
      choices.push_back({{"enum", shape.words}});
    } else if (shape.scalar != Scalar::kNone) {
      choices.push_back(schema_of(shape.scalar));
    }
    if (shape.map != nullptr) choices.push_back({{"$ref", "#/$defs/" + define(*shape.map)}});
    if (shape.list != nullptr) {
      choices.push_back({{"type", "array"}, {"items", this->shape(*shape.list)}});
    }
    if (choices.size() == 1) return std::move(choices.front());
    return {{"anyOf", choices}};
  }

  /// Tables may hold themselves, so each becomes a definition that others refer to.
  std::string define(const Table& wanted) {
    const auto known = names_.find(&wanted);
    if (known != names_.end()) return known->second;
    std::string name(wanted.name);
    for (char& c : name) c = c == ' ' ? '-' : c;
    while (definitions_.contains(name)) name += "-2";
    names_[&wanted] = name;
    definitions_[name] = nullptr;  // takes the name, and its place in the order
    definitions_[name] = table(wanted);
    return name;
  }

  ordered_json table(const Table& table) {
    ordered_json schema = {{"type", "object"}};
    if (!table.help.empty()) schema["description"] = table.help;
    ordered_json properties = ordered_json::object();
    ordered_json required = ordered_json::array();
    bool includes = false;
    for (const Key& key : table.keys) {
      ordered_json property = {{"description", key.help}};
      property.update(shape(key.shape));
      properties[std::string(key.name)] = std::move(property);
      includes = includes || key.name == "include";
      if (key.need == Need::kRequired) required.push_back(key.name);
    }
    if (!properties.empty()) schema["properties"] = std::move(properties);
    if (!required.empty() && includes) {
      // An included file may bring them.
      schema["anyOf"] = {{{"required", std::move(required)}}, {{"required", {"include"}}}};
    } else if (!required.empty()) {
      schema["required"] = std::move(required);
    }
    schema["additionalProperties"] =
        table.others != nullptr ? shape(*table.others) : ordered_json(false);
    return schema;
  }

  ordered_json definitions_ = ordered_json::object();
  std::map<const Table*, std::string> names_;
};

}  // namespace

std::string schema_of(const Table& root, std::string_view title) {
  return SchemaWriter().write(root, title);
}

std::string scenario_schema() {
  return schema_of(kScenarioTable, "Tocsin scenario");
}

std::string system_schema() {
  return schema_of(kSystemTable, "Tocsin system");
}

}  // namespace tocsin::scenario
