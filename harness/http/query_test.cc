#include "harness/http/query.h"

#include <gtest/gtest.h>

namespace tocsin::http {
namespace {

TEST(Query, GivesDecodedPairsInOrder) {
  struct Case {
    const char* query;
    const char* pairs;
  };
  const Case cases[] = {
      {"", ""},
      {"a=b", "a:b "},
      {"a=b&a=c&d", "a:b a:c d: "},
      {"collect%5B%5D=cpu&collect[]=loadavg", "collect[]:cpu collect[]:loadavg "},
      {"a=b+c%20d%2B&&=x", "a:b c d+ :x "},
      {"a=b=c", "a:b=c "},
      {"a=%zz&b=%4&c=%&d=1", "d:1 "},
      {"a=1;b=2&c=3", "c:3 "},
  };
  for (const Case& c : cases) {
    std::string seen;
    for (const auto& [key, value] : parse_query(c.query)) seen += key + ':' + value + ' ';
    EXPECT_EQ(seen, c.pairs) << c.query;
  }
}

TEST(Query, GivesTheValuesOfAKey) {
  EXPECT_EQ(query_values("t=a&x=b&t=c", "t"), (std::vector<std::string>{"a", "c"}));
  EXPECT_TRUE(query_values("t=a", "x").empty());
}

}  // namespace
}  // namespace tocsin::http
