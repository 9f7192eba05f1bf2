#include "harness/scenario/json_text.h"

#include <gtest/gtest.h>

#include "harness/yaml/parse.h"

namespace tocsin::scenario {
namespace {

TEST(JsonText, TakesPlainScalarsForWhatTheyAre) {
  Diagnostics diagnostics;
  const yaml::NodePtr root =
      yaml::parse("f", "b: 1\na: [x, \"2\", ~, true, 1.0, {k: v}]\n", diagnostics);
  ASSERT_NE(root, nullptr) << diagnostics.render();
  EXPECT_EQ(json_text(*root), R"({"b":1,"a":["x","2",null,true,1.0,{"k":"v"}]})");
}

}  // namespace
}  // namespace tocsin::scenario
