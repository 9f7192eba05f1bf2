#include "harness/yaml/scalar_map.h"

#include <gtest/gtest.h>

#include "harness/yaml/parse.h"

namespace tocsin::yaml {
namespace {

/// Where the first "@" of the value of key "k" stands, by the map and by looking.
void expect_found(const std::string& yaml) {
  SCOPED_TRACE(yaml);
  Diagnostics diagnostics;
  const NodePtr root = parse("f", yaml, diagnostics);
  ASSERT_NE(root, nullptr) << diagnostics.render();
  const Node& node = *root->items.front()->find("k");
  const std::size_t offset = node.text.find('@');
  ASSERT_NE(offset, std::string::npos) << node.text;
  EXPECT_EQ(to_string(node.places().at(offset)), to_string(node.source->position(yaml.find('@'))));
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

/// Where each character of `value` stands must be where the source has it.
void expect_aligned(const std::string& source) {
  Diagnostics diagnostics;
  const NodePtr root = parse("f", source, diagnostics);
  ASSERT_NE(root, nullptr) << diagnostics.render();
  const Node& node = *root->find("k");
  const ScalarMap map = node.places();
  for (std::size_t i = 0; i < node.text.size(); ++i) {
    const char c = node.text[i];
    if (c < 'a' || c > 'z') continue;
    const SourcePos pos = map.at(i);
    const std::string_view line = node.source->line(pos.line);
    ASSERT_LE(static_cast<std::size_t>(pos.column), line.size()) << source;
    EXPECT_EQ(line[static_cast<std::size_t>(pos.column) - 1], c)
        << source << "at character " << i << " of " << node.text;
  }
}

TEST(ScalarMap, FollowsEachLetter) {
  expect_aligned("k: plain text\n");
  expect_aligned("k: plain text\n  over  two\n\n  or three lines # end\nl: x\n");
  expect_aligned("k: 'it''s quoted\n   over lines'\n");
  expect_aligned("k: \"esc\\taped \\\"x\\\" and\\\n   joined \\x41b\"\n");
  expect_aligned("k: |\n    literal\n      with indent\n\n    end\n");
  expect_aligned("k: >-\n  folded lines\n  go on\n\n    more\n");
  expect_aligned("k: |2-\n   indented\n  less\n");
  expect_aligned("k: !!str &anchor tagged\n");
  expect_aligned("k:\n  on the next\n  line\n");
}

TEST(ScalarMap, FollowsWindowsLineEnds) {
  expect_found("- k: |\r\n    a\r\n    b @\r\n");
  expect_found("- k: >-\r\n    a\r\n    b @\r\n");
  expect_found("- k: \"a\r\n    b @\"\r\n");
}

ScalarMap map_of(std::string yaml, std::string_view value) {
  return {std::make_shared<const SourceText>("f", std::move(yaml)), 3, value};
}

TEST(ScalarMap, FallsBackToTheStart) {
  const ScalarMap map = map_of("k: something else", "not this");
  EXPECT_EQ(to_string(map.at(5)), "f:1:4");
}

TEST(ScalarMap, TakesLinesAndColumnsOfTheValue) {
  const ScalarMap map = map_of("k: |\n  ab\n  cd\n", "ab\ncd\n");
  EXPECT_EQ(to_string(map.at(1, 2)), "f:2:4");
  EXPECT_EQ(to_string(map.at(2, 1)), "f:3:3");
  EXPECT_EQ(to_string(map.at(2, 99)), "f:3:5");
}

}  // namespace
}  // namespace tocsin::yaml
