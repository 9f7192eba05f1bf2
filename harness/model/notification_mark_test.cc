#include "harness/model/notification_mark.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(NotificationMark, IsRead) {
  const auto mark = read_notification_mark(
      "tocsin1/alertname=High+load&path=%2Fa%26b%3D%C3%A4&/0123456789abcdef,00000000000000ff,/"
      "fedcba9876543210,/");
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->group_labels, (Labels{{"alertname", "High load"}, {"path", "/a&b=ä"}}));
  EXPECT_EQ(mark->firing, (std::vector<std::string>{"0123456789abcdef", "00000000000000ff"}));
  EXPECT_EQ(mark->resolved, (std::vector<std::string>{"fedcba9876543210"}));
  const auto empty = read_notification_mark("tocsin1////");
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->group_labels.empty() && empty->firing.empty() && empty->resolved.empty());
}

TEST(NotificationMark, IsNothingElse) {
  for (const char* text :
       {"", "tocsin", "tocsin1/", "tocsin1//", "tocsin1///", "tocsin1////x", "tocsin1/a&///",
        "tocsin1/a=b///", "tocsin1/a=%2&///", "tocsin1/a=%zz&///", "tocsin1//0123///",
        "tocsin1//0123456789abcdef///", "tocsin1//0123456789abcdeg,//", "payments/alert"}) {
    EXPECT_FALSE(read_notification_mark(text)) << text;
  }
}

}  // namespace
}  // namespace tocsin
