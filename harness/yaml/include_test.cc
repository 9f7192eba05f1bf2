#include "harness/yaml/include.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/scratch_folder.h"
#include "harness/yaml/parse.h"

namespace tocsin::yaml {
namespace {

class Include : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) { folder_.write(file, text); }
  /// Keys and scalars, or what is wrong, without the folder.
  std::string resolved(const std::string& file) {
    Diagnostics diagnostics;
    NodePtr root = load(folder_.path(file), diagnostics);
    if (root != nullptr) root = resolve_includes(root, diagnostics);
    if (diagnostics.ok()) return root == nullptr ? "nothing" : shown(*root);
    std::string text = to_string(diagnostics.sorted().front());
    const std::string prefix = folder_.path("");
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

 private:
  static std::string shown(const Node& node) {
    if (!node.is_map()) return node.text;
    std::string text = "{";
    for (const Node::Entry& entry : node.entries) {
      text += (text.size() > 1 ? " " : "") + entry.key->text + ":" + shown(*entry.value);
    }
    return text + "}";
  }

  ScratchFolder folder_;
};

TEST_F(Include, LaysOwnKeysOverIncludedOnes) {
  write("base", "a: 1\nm: {x: 1, y: 2}\n");
  write("more", "b: 2\nm: {z: 3}\n");
  write("top", "include: [base, more]\nm: {y: 9}\nc: 3\n");
  EXPECT_EQ(resolved("top"), "{a:1 m:{x:1 y:9 z:3} b:2 c:3}");
  write("plain", "a: 1\n");
  EXPECT_EQ(resolved("plain"), "{a:1}");
}

TEST_F(Include, RefusesWhatCannotBeJoined) {
  write("one", "a: 1\n");
  write("other", "a: 2\n");
  write("both", "include: [one, other]\n");
  EXPECT_EQ(resolved("both"), "other:1:1: \"a\" is set in one:1:1 too");
  write("list", "[a]\n");
  write("of_list", "include: list\n");
  EXPECT_EQ(resolved("of_list"), "list:1:1: an included file is a map of keys");
  write("map", "include: {a: b}\n");
  EXPECT_EQ(resolved("map"), "map:1:10: expected a path or a list of paths");
  write("missing", "include: nowhere\n");
  EXPECT_EQ(resolved("missing"), "missing:1:10: no such file: nowhere");
}

TEST_F(Include, BoundsHowFarItGoes) {
  write("a", "include: b\n");
  write("b", "include: ./a\n");
  EXPECT_EQ(resolved("a"), "b:1:10: this include goes round in a circle: a → b → a");
  for (int i = 0; i < 20; ++i) {
    write("n" + std::to_string(i), "include: n" + std::to_string(i + 1) + "\n");
  }
  EXPECT_EQ(resolved("n0"), "n15:1:10: includes nested more than 16 deep");
  write("leaf", "x: {}\n");
  std::string many = "include: [leaf";
  for (int i = 0; i < 64; ++i) many += ", leaf";
  write("many", many + "]\n");
  EXPECT_EQ(resolved("many"), "many:1:395: more than 64 includes");
}

}  // namespace
}  // namespace tocsin::yaml
