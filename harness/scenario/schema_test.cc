#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/regex.h"
#include "harness/scenario/json_text.h"
#include "harness/scenario/load.h"
#include "harness/yaml/parse.h"

namespace tocsin::scenario {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The part of JSON Schema 2020-12 that the schemas use; any other keyword is an error.
class Validator {
 public:
  explicit Validator(const json& root) : root_(root) {}

  /// Empty, or the place of the first violation.
  std::string check(const json& value) const { return check(value, root_, "$"); }

 private:
  static bool has_type(const json& value, const std::string& type) {
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "null") return value.is_null();
    if (type == "array") return value.is_array();
    return type == "object" && value.is_object();
  }

  std::string check(const json& value, const json& schema, const std::string& at) const {
    if (schema.is_boolean()) return schema.get<bool>() ? "" : at;
    for (const auto& [keyword, argument] : schema.items()) {
      const std::string wrong = check(value, schema, keyword, argument, at);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  std::string check(const json& value, const json& schema, const std::string& keyword,
                    const json& argument, const std::string& at) const {
    const auto fail_unless = [&](bool good) { return good ? "" : at + " (" + keyword + ")"; };
    if (keyword == "type") {
      if (argument.is_string()) return fail_unless(has_type(value, argument));
      return fail_unless(std::any_of(argument.begin(), argument.end(),
                                     [&](const json& type) { return has_type(value, type); }));
    }
    if (keyword == "$ref") {
      return check(value, root_.at(json::json_pointer(argument.get<std::string>().substr(1))), at);
    }
    if (keyword == "anyOf") {
      return fail_unless(std::any_of(argument.begin(), argument.end(), [&](const json& choice) {
        return check(value, choice, at).empty();
      }));
    }
    if (keyword == "enum") {
      return fail_unless(std::find(argument.begin(), argument.end(), value) != argument.end());
    }
    if (keyword == "const") return fail_unless(value == argument);
    if (keyword == "pattern") {
      return fail_unless(!value.is_string() ||
                         *regex_search(argument.get<std::string>(), value.get<std::string>()));
    }
    if (keyword == "minimum") return fail_unless(!value.is_number() || value >= argument);
    if (keyword == "maximum") return fail_unless(!value.is_number() || value <= argument);
    if (keyword == "required") {
      return fail_unless(!value.is_object() ||
                         std::all_of(argument.begin(), argument.end(), [&](const json& key) {
                           return value.contains(key.get<std::string>());
                         }));
    }
    if (keyword == "items") return check_items(value, argument, at);
    if (keyword == "properties") return check_properties(value, argument, at);
    if (keyword == "additionalProperties") return check_others(value, schema, argument, at);
    static const std::vector<std::string> kNotes = {"$schema", "$defs", "title", "description"};
    EXPECT_NE(std::find(kNotes.begin(), kNotes.end(), keyword), kNotes.end()) << keyword;
    return "";
  }

  std::string check_items(const json& value, const json& schema, const std::string& at) const {
    if (!value.is_array()) return "";
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string wrong = check(value[i], schema, at + "/" + std::to_string(i));
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  std::string check_properties(const json& value, const json& schemas,
                               const std::string& at) const {
    if (!value.is_object()) return "";
    for (const auto& [key, schema] : schemas.items()) {
      if (!value.contains(key)) continue;
      const std::string wrong = check(value[key], schema, at + "/" + key);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  std::string check_others(const json& value, const json& parent, const json& schema,
                           const std::string& at) const {
    if (!value.is_object()) return "";
    for (const auto& [key, child] : value.items()) {
      if (parent.contains("properties") && parent["properties"].contains(key)) continue;
      const std::string wrong = check(child, schema, at + "/" + key);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  const json& root_;
};

/// The file as an editor sees it: without its includes.
json load_json(const std::string& path) {
  Diagnostics diagnostics;
  const yaml::NodePtr root = yaml::load(path, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  return root == nullptr ? json() : json::parse(json_text(*root));
}

class SchemaTest : public ::testing::Test {
 protected:
  std::string check(const std::string& path) const {
    const bool system = fs::path(path).filename().string().starts_with("system");
    return Validator(system ? system_ : scenario_).check(load_json(path));
  }

  static std::string testdata(const std::string& path) {
    return TOCSIN_SOURCE_DIR "/harness/scenario/testdata/" + path;
  }

 private:
  json scenario_ = json::parse(scenario_schema());
  json system_ = json::parse(system_schema());
};

TEST_F(SchemaTest, AcceptsShippedFiles) {
  Diagnostics diagnostics;
  const std::string shipped = TOCSIN_SOURCE_DIR "/scenarios";
  for (const std::string& file : find_scenarios({shipped, testdata("good")}, diagnostics)) {
    EXPECT_EQ(check(file), "") << file;
  }
  int systems = 0;
  for (const auto& entry : fs::recursive_directory_iterator(shipped)) {
    if (entry.path().filename() != "system.yaml") continue;
    EXPECT_EQ(check(entry.path().string()), "") << entry.path();
    ++systems;
  }
  EXPECT_GT(systems, 0);
  EXPECT_EQ(check(testdata("shop/system.yaml")), "");
}

TEST_F(SchemaTest, RefusesBadStructure) {
  EXPECT_NE(check(testdata("bad/unknown-keys.yaml")), "");
  EXPECT_NE(check(testdata("bad/wrong-kinds.yaml")), "");
  EXPECT_NE(check(testdata("bad/wrong-kinds-deeper.yaml")), "");
  EXPECT_NE(check(testdata("bad/wrong-units.yaml")), "");
  EXPECT_NE(check(testdata("bad/system-empty.yaml")), "");
  EXPECT_NE(check(testdata("bad/system-names.yaml")), "");
  EXPECT_NE(check(testdata("bad/system-health.yaml")), "");
  EXPECT_NE(check(testdata("bad/no-map.yaml")), "");
}

TEST_F(SchemaTest, SaysWhere) {
  EXPECT_EQ(check(testdata("bad/system-names.yaml")), "$/service/endpoints/a/method (enum)");
}

}  // namespace
}  // namespace tocsin::scenario
