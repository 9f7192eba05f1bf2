#include "harness/yaml/parse.h"

#include <gtest/gtest.h>

namespace tocsin::yaml {
namespace {

NodePtr parsed(std::string text) {
  Diagnostics diagnostics;
  NodePtr root = yaml::parse("x.yaml", std::move(text), diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  return root;
}

/// In the manner of JSON; what is not plain in quotes.
std::string shown(const Node& node) {
  std::string text;
  const auto separate = [&] { text += text.empty() ? "" : ","; };
  if (node.is_null()) return "null";
  if (node.is_scalar()) return node.plain ? node.text : '"' + node.text + '"';
  for (const NodePtr& item : node.items) {
    separate();
    text += shown(*item);
  }
  for (const Node::Entry& entry : node.entries) {
    separate();
    text += entry.key->text + ':' + shown(*entry.value);
  }
  return node.is_list() ? '[' + text + ']' : '{' + text + '}';
}

/// Of the first problem, in one line.
std::string problem(std::string text) {
  Diagnostics diagnostics;
  yaml::parse("x.yaml", std::move(text), diagnostics);
  return diagnostics.ok() ? "none" : to_string(diagnostics.sorted().front());
}

TEST(Yaml, KeepsKindsOrderAndPlaces) {
  const NodePtr root = parsed("b: 1\na: [x, \"2\", ~, {k: v}]\n");
  EXPECT_EQ(shown(*root), R"({b:1,a:[x,"2",null,{k:v}]})");
  EXPECT_EQ(to_string(root->pos()), "x.yaml:1:1");
  EXPECT_EQ(to_string(root->find("a")->pos()), "x.yaml:2:4");
  EXPECT_EQ(to_string(root->find("a")->items[3]->find("k")->pos()), "x.yaml:2:20");
  EXPECT_EQ(root->find("c"), nullptr);
}

TEST(Yaml, ColumnsCountCharacters) {
  const NodePtr root = parsed("\xef\xbb\xbf{\"äöü\": [\"€\", x]}\r\n# é\r\n");
  EXPECT_EQ(to_string(root->find("äöü")->items[1]->pos()), "x.yaml:1:15");
}

TEST(Yaml, MergesMaps) {
  const NodePtr root = parsed(
      "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\n"
      "one: {<<: *base, b: 9}\ntwo: {<<: [*base, *more]}\n");
  EXPECT_EQ(shown(*root->find("one")), "{b:9,a:1}");
  EXPECT_EQ(shown(*root->find("two")), "{a:1,b:2,c:4}");
}

TEST(Yaml, PlacesErrorsWithinScalars) {
  const NodePtr root = parsed("k: |\n  ab\n  cdé f\n");
  const Error error = root->find("k")->error_within(input_error({"", 2, 5}, "here"));
  EXPECT_EQ(to_string(error), "x.yaml:3:7: here");
  EXPECT_EQ(error.excerpt, "  cdé f");
}

TEST(Yaml, RefusesWhatIsNoYaml) {
  EXPECT_EQ(problem(""), "x.yaml: the file is empty");
  EXPECT_EQ(problem("# only\n"), "x.yaml: the file is empty");
  EXPECT_EQ(problem("a: 1\na: 2\n"),
            "x.yaml:2:1: the key \"a\" is here twice; it stands in line 1 too");
  EXPECT_EQ(problem("a: 1\n---\nb: 2\n"),
            "x.yaml:2:1: a second document begins here; one is allowed");
  EXPECT_EQ(problem("a:\n\tb: 1\n"),
            "x.yaml:2:1: a tab indents this line; YAML allows spaces only");
  EXPECT_EQ(problem("a: b: c\n"), "x.yaml:1:5: a key with its colon cannot stand here");
  EXPECT_EQ(problem("[a]: 1\n"), "x.yaml:1:1: a key must be a plain text");
  EXPECT_EQ(problem("a: !ruby/object x\n"), "x.yaml:1:4: tags are not used here");
  EXPECT_EQ(problem("a: \xc3\x28\n"),
            "x.yaml:1:4: not UTF-8: the byte 0xc3 is no part of a character");
  EXPECT_EQ(problem(std::string("ä: \0x", 6)), "x.yaml:1:4: a control character (0x00)");
  EXPECT_EQ(problem("a: *b\n"), "x.yaml:1:4: not valid YAML: the referenced anchor is not defined");
  EXPECT_EQ(problem("<<: 3\n"), "x.yaml:1:5: \"<<\" takes a map, or a list of maps");
}

TEST(Yaml, SaysWhyABracketEndedAText) {
  Diagnostics diagnostics;
  yaml::parse("x.yaml", "{that: sum(rate(x[1m])), is: 1}\n", diagnostics);
  ASSERT_FALSE(diagnostics.ok());
  EXPECT_EQ(diagnostics.sorted().front().hints,
            std::vector<std::string>{"a {…} or […] is not closed; in it a text with a bracket, a "
                                     "brace or a comma needs quotes"});
}

TEST(Yaml, BoundsWhatHostileFilesCost) {
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) laughs += (j > 0 ? ", " : "") + before;
    laughs += "]\n";
  }
  EXPECT_EQ(problem(laughs), "x.yaml:6:15: with its aliases this makes more than 100000 values");
  EXPECT_EQ(problem("a: &a [*a]\n"), "x.yaml:1:8: this alias stands inside what it names");
  EXPECT_EQ(problem(std::string(100, '[') + std::string(100, ']')),
            "x.yaml:1:49: nested more than 48 levels deep");
  EXPECT_EQ(problem(std::string(2 << 20, ' ')), "x.yaml: larger than 1048576 bytes");
  EXPECT_EQ(problem("a: " + std::string(1 << 19, 'x')), "none");
}

TEST(Yaml, PutsUpWithOtherProgramsHabits) {
  const auto read = [](std::string text) {
    Diagnostics diagnostics;
    ForeignDocument document = parse_foreign("x.yaml", std::move(text), {}, diagnostics);
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
    return document;
  };
  EXPECT_EQ(read("# nothing\n").root, nullptr);
  EXPECT_EQ(read("a: 1\n---\n").followed, std::nullopt);
  const ForeignDocument two = read("a: &x 1\n---\n# here\nb: &x 2\n");
  EXPECT_EQ(shown(*two.root), "{a:1}");
  EXPECT_EQ(to_string(two.followed.value()), "x.yaml:4:1");
  EXPECT_EQ(shown(*read("a: !!str 1\nb: !own [x]\n").root), R"({a:"1",b:[x]})");
  const NodePtr odd = read("{[a]: 1, [a]: 2}").root;
  ASSERT_EQ(odd->entries.size(), 2u);
  EXPECT_TRUE(odd->entries[1].key->is_list());
}

/// What Prometheus' reader does with them; yaml-cpp takes all of them.
TEST(Yaml, RefusesTabsThatOthersRefuse) {
  const auto said = [](std::string text) {
    Diagnostics diagnostics;
    parse_foreign("x.yaml", std::move(text), {}, diagnostics);
    return diagnostics.ok() ? std::string("fine") : to_string(diagnostics.sorted().front());
  };
  const std::string problem = ": a tab indents this line; YAML allows spaces only";
  EXPECT_EQ(said("\t\na: 1\n"), "x.yaml:1:1" + problem);
  EXPECT_EQ(said("# it's\n\t\na: 1\n"), "x.yaml:2:1" + problem);
  EXPECT_EQ(said("a: \"b\"\n\t\nc: 1\n"), "x.yaml:2:1" + problem);
  EXPECT_EQ(said("a: [b, it's]\n\t # c\nc: 1\n"), "x.yaml:2:1" + problem);
  EXPECT_EQ(said("a: &x 'it''s'\n\t"), "x.yaml:2:1" + problem);
  EXPECT_EQ(said("a: \"b \\\"\n\t\n c\"\n"), "fine");
  EXPECT_EQ(said("a: {b: it's, # '\n\t\n c: \"}\",\n\t\n d: 1}\n"), "fine");
  EXPECT_EQ(said("a: !!str &x\n [b,\n\t\n c]\n"), "fine");
  EXPECT_EQ(said("a: 'b'\n---\n\t\n"), "fine");
}

TEST(Yaml, DecodesBinaryTexts) {
  const auto read = [](std::string text) {
    Diagnostics diagnostics;
    const NodePtr root = parse_foreign("x.yaml", std::move(text), {}, diagnostics).root;
    return diagnostics.ok() ? shown(*root) : to_string(diagnostics.sorted().front());
  };
  EXPECT_EQ(read("a: !!binary ZXJyb3Jz\n"), R"({a:"errors"})");
  EXPECT_EQ(read("a: !!binary |\n  ZXJy\n  b3I=\n"), R"({a:"error"})");
  EXPECT_EQ(read("a: !!binary \"ZQ==\"\n"), R"({a:"e"})");
  EXPECT_EQ(read("a: !!binary ZXJ\n"), "x.yaml:1:13: this is no text in base64");
  EXPECT_EQ(read("a: !!binary /w==\n"), "x.yaml:1:13: this is no text in base64");
}

TEST(Yaml, TakesOtherBounds) {
  Diagnostics diagnostics;
  parse_foreign("x.yaml", "abcd", {.largest_file = 3}, diagnostics);
  parse_foreign("y.yaml", "[1, 2]", {.most_values = 2}, diagnostics);
  ASSERT_EQ(diagnostics.size(), 2u);
  EXPECT_EQ(to_string(diagnostics.sorted()[0]), "x.yaml: larger than 3 bytes");
  EXPECT_EQ(to_string(diagnostics.sorted()[1]),
            "y.yaml:1:5: with its aliases this makes more than 2 values");
}

}  // namespace
}  // namespace tocsin::yaml
