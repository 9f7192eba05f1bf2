#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "fakes/service/model.h"
#include "fakes/service/test_target.h"
#include "harness/metrics/exposition_writer.h"
#include "harness/metrics/lint.h"
#include "harness/scenario/load.h"

namespace tocsin::fakes {
namespace {

std::shared_ptr<const scenario::System> procode() {
  Diagnostics diagnostics;
  auto system = scenario::load_system(TOCSIN_SOURCE_DIR "/scenarios/procode", diagnostics);
  EXPECT_TRUE(system) << diagnostics.render();
  return system;
}

TEST(Exposition, FamiliesHoldWhatSeriesHold) {
  const auto system = procode();
  const faults::FaultTimeline none;
  const traffic::Traffic traffic = steady(50, std::chrono::minutes(10));
  TargetModel model(system->service, none, {.seed = 1, .traffic = &traffic});
  const auto page = model.expose(std::chrono::minutes(10));
  EXPECT_EQ(page.size(), system->service.instruments.size());
  std::size_t samples = 0;
  for (const auto& family : page) samples += family.samples.size();
  EXPECT_EQ(samples, model.series().size());
}

/// Parsed by the real thing; "-": reads the page from its standard input.
TEST(Exposition, PromtoolAcceptsProcode) {
  if (std::system("command -v promtool > /dev/null") != 0) GTEST_SKIP() << "no promtool here";
  const auto system = procode();
  const faults::FaultTimeline none;
  const traffic::Traffic traffic = steady(50, std::chrono::minutes(10));
  TargetModel model(system->service, none, {.seed = 1, .traffic = &traffic});
  const auto families = model.expose(std::chrono::minutes(10));
  const std::string page = metrics::write_exposition(families, metrics::ExpositionFormat::kText);
  std::FILE* promtool = popen("promtool check metrics", "w");
  ASSERT_NE(promtool, nullptr);
  std::fwrite(page.data(), 1, page.size(), promtool);
  const int status = pclose(promtool);
  // 0: nothing to say; 3: matters of style, which our own lint finds as well.
  EXPECT_EQ(WEXITSTATUS(status), metrics::lint(families).empty() ? 0 : 3);
}

}  // namespace
}  // namespace tocsin::fakes
