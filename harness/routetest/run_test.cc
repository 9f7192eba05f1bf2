#include "harness/routetest/run.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

namespace tocsin::routetest {
namespace {

const std::filesystem::path kSource = TOCSIN_SOURCE_DIR;

/// Every file of cases beside this test must pass as a whole, nothing left out.
TEST(RouteTests, OwnCases) {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(kSource / "harness/routetest/testdata")) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    const FileResult file = run_file(entry.path().string(), {});
    EXPECT_EQ(file.refusal, "");
    EXPECT_GT(file.count(CaseResult::Outcome::kPassed), 0U) << entry.path();
    EXPECT_EQ(file.count(CaseResult::Outcome::kPassed), file.cases.size())
        << render_text(file, false);
  }
  EXPECT_GT(files, 0U);
}

/// A tick each millisecond for a year is refused, not waited for.
TEST(RouteTests, EndlessCasesEnd) {
  const FileResult file = run_text("endless.yaml", R"(
cases:
- id: endless
  kind: timeline
  config: |
    route: {receiver: w, group_interval: 1ms, repeat_interval: 1ms}
    receivers: [{name: w, webhook_configs: [{url: 'http://@h@/', send_resolved: false}]}]
  sinks: {h: {status_until: 1000000000, status: 400}}
  steps: [{at: 0, post: [{labels: {a: b}, starts: 0, ends: 30000000}]}]
  until: 30000000
)",
                                   {});
  ASSERT_EQ(file.cases.size(), 1U);
  EXPECT_EQ(file.cases[0].outcome, CaseResult::Outcome::kFailed);
}

/// Cases that were held against the real Alertmanager, where they are at hand.
TEST(RouteTests, ConformanceCases) {
  const char* own = std::getenv("TOCSIN_CONFORMANCE_DIR");
  const std::filesystem::path folder =
      own != nullptr ? std::filesystem::path(own) : kSource.parent_path() / "shared/conformance";
  const std::filesystem::path path = folder / "alertmanager/cases.yaml";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  const FileResult file = run_file(path.string(), {});
  EXPECT_EQ(file.refusal, "");
  EXPECT_GT(file.count(CaseResult::Outcome::kPassed), 0U);
  EXPECT_EQ(file.count(CaseResult::Outcome::kFailed), 0U) << render_text(file, false);
}

}  // namespace
}  // namespace tocsin::routetest
