#include "harness/rules/scalar_position.h"

#include <gtest/gtest.h>

#include "harness/rules/yaml_tree.h"

namespace tocsin::rules {
namespace {

/// Where the first "@" of the value of key "k" stands, by the map and by looking.
void expect_found(const std::string& yaml) {
  SCOPED_TRACE(yaml);
  Diagnostics diagnostics;
  const SourceText source("f", yaml);
  const YamlTree tree = YamlTree::parse(source, diagnostics);
  ASSERT_NE(tree.root(), nullptr) << diagnostics.render();
  const YamlNode* node = tree.root()->items.front()->entries.back().second;
  const std::size_t offset = node->value.find('@');
  ASSERT_NE(offset, std::string::npos) << node->value;
  const ScalarMap map = ScalarMap::of(source, node->start, node->value);
  EXPECT_EQ(to_string(map.at(offset)), to_string(source.position(yaml.find('@'))));
}

TEST(ScalarMap, FollowsEveryStyle) {
  const std::vector<std::string> values = {
      "plain @",
      "plain text\n    goes on @ here # comment",
      "plain\n\n\n    after empty lines @",
      "\"quoted @\"",
      "\"es\\\"caped\\n \\u00e9 \\x41 @\"",
      "\"folded\n    in quotes  \n\n     twice @\"",
      "\"escaped \\\n    end @\"",
      "'single ''quoted'' @'",
      "'single\n    folded @'",
      "|\n    literal\n      indented\n\n    last @ line\n",
      "|-\n    a\n    @",
      "|+ # comment\n    a\n    @\n\n",
      "|2\n    a @",
      ">\n    folded\n    lines @ here\n",
      ">-\n    a\n\n    para @",
      ">-\n    a\n      more indented\n      again\n    back @",
      ">\n\n    leading\n\n\n    two @",
      "&anchor \"a @\"",
      "!!str |\n    a\n    @",
      "äöü @",
      "\"äöü\n    é @\"",
  };
  for (const std::string& value : values) {
    expect_found("- first: x\n  k: " + value);
    expect_found("# é\r\n- k: " + value + "\n- other: y\n");
  }
}

TEST(ScalarMap, FollowsWindowsLineEnds) {
  expect_found("- k: |\r\n    a\r\n    b @\r\n");
  expect_found("- k: >-\r\n    a\r\n    b @\r\n");
  expect_found("- k: \"a\r\n    b @\"\r\n");
}

TEST(ScalarMap, FallsBackToTheStart) {
  const ScalarMap map = ScalarMap::of(SourceText("f", "k: something else"), 3, "not this");
  EXPECT_EQ(to_string(map.at(5)), "f:1:4");
}

TEST(ScalarMap, TakesLinesAndColumnsOfTheValue) {
  const std::string yaml = "k: |\n  ab\n  cd\n";
  const ScalarMap map = ScalarMap::of(SourceText("f", yaml), 3, "ab\ncd\n");
  EXPECT_EQ(to_string(map.at(1, 2)), "f:2:4");
  EXPECT_EQ(to_string(map.at(2, 1)), "f:3:3");
  EXPECT_EQ(to_string(map.at(2, 99)), "f:3:5");
}

}  // namespace
}  // namespace tocsin::rules
