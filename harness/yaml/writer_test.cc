#include "harness/yaml/writer.h"

#include <gtest/gtest.h>

#include "harness/yaml/parse.h"

namespace tocsin::yaml {
namespace {

NodePtr tree_of(const std::string& text) {
  Diagnostics diagnostics;
  NodePtr root = parse("test.yml", text, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  return root;
}

/// Kind, text and whether it is plain, all the way down; what may stay plain need not.
std::string shape(const Node& node) {
  std::string text;
  switch (node.kind) {
    case Node::Kind::kNull:
      return "null";
    case Node::Kind::kScalar:
      return quoted_scalar(node.text);
    case Node::Kind::kList:
      for (const NodePtr& item : node.items) text += shape(*item) + ' ';
      return '[' + text + ']';
    case Node::Kind::kMap:
      for (const auto& [key, value] : node.entries) text += shape(*key) + '=' + shape(*value) + ' ';
      return '{' + text + '}';
  }
  return text;
}

TEST(Writer, ReadsBackAsTheSame) {
  for (const char* text : {
           "a: 1\nb: [x, 'y z', \"\", ~, null, true]\nc: {}\nd: []\n",
           "text: |\n  two\n  lines: {here}\n",
           "folded: >-\n  a\n  b\n\nkey with blanks: \"tab\\t quote\\\" back\\\\ bell\\a\"\n",
           "- - 1\n  - [2, {three: 4}]\n- ünïcode: \"\xe2\x80\xa6\"\n",
           "base: &b {x: 1}\nuse: *b\nlaid: {<<: *b, y: 2}\n",
           "- 'null'\n- '5'\n- \"yes\"\n- 0x1F\n- .5\n- -3e4\n- http://x:1/y#z\n- '{{ .X }}'\n",
           "'---': '-'\n",
       }) {
    const NodePtr root = tree_of(text);
    const std::string written = write(*root);
    EXPECT_EQ(shape(*tree_of(written)), shape(*root)) << written;
    EXPECT_EQ(write(*tree_of(written)), written);
  }
}

TEST(Writer, KeepsNumbersAndTextsApart) {
  const NodePtr root = tree_of("{n: 5, t: '5', b: yes, q: 'yes', z: ~, s: a b, d: 5m}");
  EXPECT_EQ(write(*root),
            "{\n  n: 5,\n  t: \"5\",\n  b: yes,\n  q: \"yes\",\n  z: null,\n  s: \"a b\",\n"
            "  d: 5m\n}\n");
}

TEST(Writer, EditsMaps) {
  const NodePtr root = tree_of("{a: 1, b: 2}");
  NodePtr edited = with(*root, "a", scalar(*root, "x"));
  edited = with(*edited, "c", with_items(*root, {scalar(*root, "y")}));
  edited = with(*edited, "b", nullptr);
  EXPECT_EQ(write(*edited), "{\n  a: \"x\",\n  \"c\": [\n    \"y\"\n  ]\n}\n");
  EXPECT_EQ(write(*root), "{\n  a: 1,\n  b: 2\n}\n");
}

}  // namespace
}  // namespace tocsin::yaml
