#include "harness/junit/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::junit {
namespace {

TEST(Junit, AddsUpAndTellsCasesApart) {
  Document document{"all", Nanos(1'500'000'000), {}};
  document.suites.push_back({"a", Nanos(0), {{"a.x", "one"}, {"a.x", "one"}}});
  document.suites.push_back({"b", Nanos(0), {}});
  document.suites[0].cases.push_back({"a.x", "two", Outcome::kFailed, "no", "rule", "why\n<&"});
  document.suites[1].cases.push_back({"b", "three", Outcome::kError, "bad", "input"});
  document.suites[1].cases.push_back({"b", "four", Outcome::kSkipped, "later"});
  document.suites[1].properties = {{"pages", "3"}, {"pages.on \"call\"", "<2>"}};
  EXPECT_EQ(render(document), R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="all" tests="5" failures="1" errors="1" time="1.500">
  <testsuite name="a" tests="3" failures="1" errors="0" skipped="0" time="0.000">
    <testcase name="one" classname="a.x" time="0.000" />
    <testcase name="one (2)" classname="a.x" time="0.000" />
    <testcase name="two" classname="a.x" time="0.000">
      <failure message="no" type="rule">why
&lt;&amp;</failure>
    </testcase>
  </testsuite>
  <testsuite name="b" tests="2" failures="0" errors="1" skipped="1" time="0.000">
    <properties>
      <property name="pages" value="3" />
      <property name="pages.on &quot;call&quot;" value="&lt;2>" />
    </properties>
    <testcase name="three" classname="b" time="0.000">
      <error message="bad" type="input" />
    </testcase>
    <testcase name="four" classname="b" time="0.000">
      <skipped message="later" />
    </testcase>
  </testsuite>
</testsuites>
)xml");
}

TEST(Junit, HoldsWhatXmlCannot) {
  Document document{"bell \a and \xff", Nanos(0), {}};
  EXPECT_THAT(render(document), testing::HasSubstr(R"(name="bell ? and ?")"));
  EXPECT_EQ(class_part("a.b.yml"), "a_b_yml");
}

}  // namespace
}  // namespace tocsin::junit
