#include "harness/ruletest/coverage.h"

#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/ruletest/coverage_report.h"

namespace tocsin::ruletest {
namespace {

struct CoverageCase {
  std::string name;
  std::string rules;
  std::vector<std::string> tests;  ///< files
  std::string expected;
};

/// testdata/coverage.cases: "== name", rules, any number of "-- tests" and a test file, "=>", what
/// is printed.
std::vector<CoverageCase> read_coverage_cases() {
  const std::string path =
      std::string(TOCSIN_SOURCE_DIR) + "/harness/ruletest/testdata/coverage.cases";
  std::istringstream lines(read_file(path).value());
  std::vector<CoverageCase> cases;
  std::string* part = nullptr;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("== ")) {
      cases.push_back({line.substr(3), {}, {}, {}});
      part = &cases.back().rules;
    } else if (part == nullptr) {
      EXPECT_TRUE(line.empty() || line.starts_with("#")) << line;
    } else if (line == "-- tests") {
      part = &cases.back().tests.emplace_back();
    } else if (line == "=>") {
      part = &cases.back().expected;
    } else {
      *part += line + '\n';
    }
  }
  return cases;
}

rules::RuleFile parsed_rules(const std::string& text) {
  Diagnostics diagnostics;
  rules::RuleFile file = rules::parse_rule_file("rules", text, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  return file;
}

/// Of one test file; each test on a thread of its own.
Coverage coverage_of(const std::string& rules, const std::string& tests) {
  std::vector<rules::RuleFile> files;
  files.push_back(parsed_rules(rules));
  Diagnostics diagnostics;
  const TestFile test = parse_test_file("tests", tests, {}, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  RunOptions options;
  CoverageCollector collector(files, options);
  options.observe = [&](const GroupEvidence& evidence) { collector.observe(evidence); };
  const FileRun run(test, files, options);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < test.groups.size(); ++i) {
      threads.emplace_back([&run, i] { run.run(i); });
    }
  }
  return collector.coverage();
}

Coverage coverage_of(const CoverageCase& one) {
  Coverage all = coverage_of(one.rules, "tests: []\n");
  for (const std::string& tests : one.tests) all.merge(coverage_of(one.rules, tests));
  return all;
}

std::string without_blank_end(std::string text) {
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

TEST(Coverage, Cases) {
  const std::vector<CoverageCase> cases = read_coverage_cases();
  ASSERT_GT(cases.size(), 5U);
  for (const CoverageCase& one : cases) {
    EXPECT_EQ(render_coverage_text({coverage_of(one), {}}, false), without_blank_end(one.expected))
        << one.name;
  }
}

TEST(Coverage, OnlyAllIsAHundredPercent) {
  EXPECT_EQ(percent_text({1999, 2000}), "99.9%");
  EXPECT_EQ(percent_text({2000, 2000}), "100.0%");
  EXPECT_EQ(percent_text({2, 3}), "66.6%");
  EXPECT_EQ(percent_text({0, 0}), "100.0%");
}

TEST(Coverage, NothingIsNeverEnough) {
  EXPECT_TRUE((CoverageReport{{}, {}}).enough());
  EXPECT_FALSE((CoverageReport{{}, 0.0}).enough());
}

}  // namespace
}  // namespace tocsin::ruletest
