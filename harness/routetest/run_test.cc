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
