#include "harness/run/health_watch.h"

#include <gtest/gtest.h>

#include "harness/run/test_drill.h"

namespace tocsin::run {
namespace {

ProbeResult answer(int status) {
  ProbeResult result;
  result.status_code = status;
  return result;
}

/// '+' and '-' are answers; what Kubernetes thinks after each: 'o' or 'x'.
std::string opinions(const std::string& answers, int success_threshold, int failure_threshold) {
  scenario::ProbeSpec spec;
  spec.success_threshold = success_threshold;
  spec.failure_threshold = failure_threshold;
  HealthWatch watch(spec);
  std::string thought;
  for (const char c : answers) {
    ProbeResult result = answer(c == '+' ? 200 : 503);
    watch.judge(result);
    thought += result.considered_ok ? 'o' : 'x';
  }
  return thought;
}

// Kubernetes, pkg/kubelet/prober/worker.go: an opinion changes when the same result came as often
// in a row as its threshold says; a liveness probe begins as a success.
TEST(HealthWatch, ChangesItsMindAfterSoManyInARow) {
  struct Case {
    const char* answers;
    int success;
    int failure;
    const char* thought;
  };
  const Case cases[] = {
      {"+++", 1, 3, "ooo"},
      {"--+--", 1, 3, "ooooo"},
      {"---", 1, 3, "oox"},
      {"----+", 1, 3, "ooxxo"},
      {"-+-+", 1, 1, "xoxo"},
      {"---+-++", 2, 3, "ooxxxxo"},
      {"---++--+---", 2, 3, "ooxxoooooox"},
      {"-++-", 3, 1, "xxxx"},
      {"-+++-", 3, 1, "xxxox"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(opinions(test.answers, test.success, test.failure), test.thought)
        << test.answers << " with " << test.success << "/" << test.failure;
  }
}

// "Any code greater than or equal to 200 and less than 400 indicates success."
TEST(HealthWatch, TakesTwoAndThreeHundredsForSuccess) {
  scenario::ProbeSpec spec;
  spec.failure_threshold = 1;
  for (const int status : {200, 204, 302, 399}) {
    ProbeResult result = answer(status);
    HealthWatch(spec).judge(result);
    EXPECT_TRUE(result.considered_ok) << status;
  }
  for (const int status : {0, 199, 400, 404, 500, 503, 600}) {
    ProbeResult result = answer(status);
    HealthWatch(spec).judge(result);
    EXPECT_FALSE(result.considered_ok) << status;
  }
}

TEST(HealthWatch, FindsTheEndpointsOfEveryTarget) {
  const Drill drill = small_drill("traffic: {rate: 1/s, for: 1s}");
  const std::vector<ProbePlan> plans = probes_of(*drill.scenario.system);
  ASSERT_EQ(plans.size(), 1U);
  EXPECT_EQ(plans[0].target->name, "service");
  EXPECT_EQ(plans[0].endpoint->path, "/health");
}

}  // namespace
}  // namespace tocsin::run
