#include "harness/model/labels.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Labels, AreSortedUniqueAndWithoutEmptyValues) {
  const Labels labels = {{"z", "1"}, {"a", "2"}, {"z", "3"}, {"gone", ""}};
  EXPECT_EQ(labels.to_string(), "{a=\"2\", z=\"3\"}");
  EXPECT_EQ(labels.get("z"), "3");
  EXPECT_EQ(labels.get("gone"), "");
  EXPECT_FALSE(labels.has("nope"));
  EXPECT_TRUE(Labels({{"x", ""}}).empty());
}

TEST(Labels, EqualSetsAreEqualHoweverMade) {
  const Labels a = {{"__name__", "up"}, {"job", "x"}};
  const Labels b = Labels({{"job", "y"}, {"__name__", "up"}}).with("job", "x");
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.hash(), b.hash());
  EXPECT_NE(a, a.with("job", ""));
  // The same bytes, split elsewhere.
  EXPECT_NE(Labels({{"ab", "c"}}), Labels({{"a", "bc"}}));
}

TEST(Labels, Selecting) {
  const Labels labels = {{"__name__", "m"}, {"a", "1"}, {"b", "2"}};
  const std::vector<std::string> names = {"a", "nope"};
  EXPECT_EQ(labels.only(names), Labels({{"a", "1"}}));
  EXPECT_EQ(labels.without(names), Labels({{"__name__", "m"}, {"b", "2"}}));
  EXPECT_EQ(labels.without_metric_name(), Labels({{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(Labels().with("x", "y"), Labels({{"x", "y"}}));
}

TEST(Labels, OrderIsPrometheus) {
  const Labels none;
  const Labels a1 = {{"a", "1"}};
  const Labels a1b = {{"a", "1"}, {"b", "1"}};
  const Labels a2 = {{"a", "2"}};
  EXPECT_LT(none, a1);
  EXPECT_LT(a1, a1b);
  EXPECT_LT(a1b, a2);
}

TEST(Labels, Print) {
  EXPECT_EQ(Labels().to_string(), "{}");
  EXPECT_EQ(Labels({{"__name__", "up"}}).to_string(), "up");
  EXPECT_EQ(Labels({{"__name__", "up"}, {"l", "a\"b\\c\nd"}}).to_string(),
            "up{l=\"a\\\"b\\\\c\\nd\"}");
  EXPECT_EQ(Labels({{"__name__", "my.metric"}, {"a.b", "x"}}).to_string(),
            "{\"my.metric\", \"a.b\"=\"x\"}");
}

}  // namespace
}  // namespace tocsin
