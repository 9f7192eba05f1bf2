#include "harness/base/suggest.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

const std::vector<std::string> kNames = {"traffic", "faults", "expect", "rate", "HighErrorRate"};

TEST(Suggest, FindsTheNearestName) {
  EXPECT_EQ(nearest_name("trafic", kNames), "traffic");
  EXPECT_EQ(nearest_name("fualts", kNames), "faults");
  EXPECT_EQ(nearest_name("Expect", kNames), "expect");
  EXPECT_EQ(nearest_name("rat", kNames), "rate");
  EXPECT_EQ(nearest_name("higherrorrate", kNames), "HighErrorRate");
  EXPECT_EQ(nearest_name("banana", kNames), "");
  EXPECT_EQ(nearest_name(std::string(1000, 'x'), kNames), "");
}

TEST(Suggest, ListsWhatIsAllowedWhenNothingIsNear) {
  EXPECT_EQ(unknown_name_hint("trafic", kNames), "did you mean \"traffic\"?");
  EXPECT_EQ(unknown_name_hint("banana", kNames),
            "known: traffic, faults, expect, rate, HighErrorRate");
  EXPECT_EQ(unknown_name_hint("x", std::vector<std::string>{}), "none are known here");
}

}  // namespace
}  // namespace tocsin
