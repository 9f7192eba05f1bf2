#include "harness/scenario/load.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/base/random.h"
#include "harness/base/scratch_folder.h"
#include "harness/scenario/summary.h"

namespace tocsin::scenario {
namespace {

namespace fs = std::filesystem;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Runs in testdata/, so that diagnostics name short paths.
class LoadTest : public ::testing::Test {
 protected:
  LoadTest() : before_(fs::current_path()) {
    fs::current_path(TOCSIN_SOURCE_DIR "/harness/scenario/testdata");
  }
  ~LoadTest() override { fs::current_path(before_); }

  static std::vector<std::string> files(const std::string& folder) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".yaml") found.push_back(entry.path().string());
    }
    std::sort(found.begin(), found.end());
    EXPECT_FALSE(found.empty());
    return found;
  }

  static bool is_system(const fs::path& path) {
    return path.filename().string().starts_with("system");
  }

  /// Compares with a golden file; UPDATE_GOLDEN=1 writes it instead.
  static void expect_golden(const fs::path& golden, const std::string& actual) {
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
      ASSERT_TRUE(write_file_atomically(golden.string(), actual).has_value());
      return;
    }
    const auto expected = read_file(golden.string());
    ASSERT_TRUE(expected.has_value()) << "no " << golden << "; the output is\n" << actual;
    EXPECT_EQ(*expected, actual) << golden;
  }

 private:
  fs::path before_;
};

TEST_F(LoadTest, GoodScenarios) {
  ScenarioLoader loader;
  for (const std::string& file : files("good")) {
    Diagnostics diagnostics;
    const auto scenario = loader.load(file, diagnostics);
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
    ASSERT_TRUE(scenario.has_value()) << file;
    expect_golden(fs::path(file).replace_extension(".txt"), summary(*scenario));
  }
}

TEST_F(LoadTest, GoodSystem) {
  Diagnostics diagnostics;
  const auto system = load_system("shop", diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  ASSERT_NE(system, nullptr);
  expect_golden("shop/system.txt", summary(*system));
}

TEST_F(LoadTest, BadFilesAreRefusedWithEveryProblem) {
  for (const std::string& file : files("bad")) {
    Diagnostics diagnostics;
    const bool loaded = is_system(file) ? load_system(file, diagnostics) != nullptr
                                        : ScenarioLoader().load(file, diagnostics).has_value();
    EXPECT_FALSE(loaded) << file;
    EXPECT_FALSE(diagnostics.ok()) << file;
    expect_golden(fs::path(file).replace_extension(".txt"), diagnostics.render());
  }
}

TEST_F(LoadTest, ShippedFilesLoad) {
  fs::current_path(TOCSIN_SOURCE_DIR);
  Diagnostics diagnostics;
  ScenarioLoader loader;
  for (const std::string& file : find_scenarios({"scenarios"}, diagnostics)) {
    EXPECT_TRUE(loader.load_file(file, diagnostics).has_value()) << file;
  }
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
}

TEST_F(LoadTest, ResolvesTimesAndValues) {
  Diagnostics diagnostics;
  const auto scenario = ScenarioLoader().load("good/short.yaml", diagnostics);
  ASSERT_TRUE(scenario.has_value()) << diagnostics.render();
  EXPECT_EQ(scenario->name, "short");
  EXPECT_EQ(scenario->length, minutes(10));
  EXPECT_EQ(format_rfc3339(scenario->start), "2026-01-05T00:00:00Z");
  ASSERT_EQ(scenario->faults.size(), 1u);
  EXPECT_EQ(scenario->faults[0].name, "fault");
  EXPECT_EQ(scenario->faults[0].length, minutes(8));
  EXPECT_DOUBLE_EQ(scenario->faults[0].changes.at(0).value, 0.08);
  const AlertExpectation& alert = scenario->expect.alerts.at(0);
  EXPECT_EQ(alert.fires->from, minutes(7));
  EXPECT_EQ(alert.fires->to, minutes(9));
  EXPECT_EQ(to_string(alert.pos), "good/short.yaml:4:31");
  EXPECT_TRUE(scenario->expect.others_none);
}

TEST_F(LoadTest, SystemsDimensionsFollowFromTheirFormulas) {
  Diagnostics diagnostics;
  const auto system = load_system("shop", diagnostics);
  ASSERT_NE(system, nullptr) << diagnostics.render();
  const auto dimension = [&](std::string_view name) {
    return find_signal(system->service, name)->dimension;
  };
  EXPECT_EQ(dimension("checkout.rate"), Dimension::kRate);
  EXPECT_EQ(dimension("queue.median"), Dimension::kTime);
  EXPECT_EQ(dimension("queue.wait.p99.9"), Dimension::kTime);
  EXPECT_EQ(dimension("heap"), Dimension::kBytes);
  EXPECT_EQ(dimension("stock.low"), Dimension::kNumber);
  EXPECT_EQ(dimension("latency.p95"), Dimension::kTime);
  EXPECT_FALSE(find_signal(system->service, "request_rate")->settable);
  EXPECT_FALSE(find_signal(system->service, "stock.p95"));
  EXPECT_FALSE(find_signal(system->exporters[0], "error_rate"));
  EXPECT_THAT(system->alert_names, ElementsAre("ShopErrors", "ShopSlow", "NodeBusy"));
}

TEST_F(LoadTest, ASystemsProblemsAreToldOnce) {
  const ScratchFolder scratch;
  const fs::path folder = scratch.path("tocsin-once");
  fs::create_directories(folder);
  ASSERT_TRUE(write_file_atomically(folder / "system.yaml", "system: x\nservice: 5\n").has_value());
  for (const char* name : {"a.yaml", "b.yaml"}) {
    ASSERT_TRUE(
        write_file_atomically(folder / name, "system: tocsin-once\ntraffic: {}\n").has_value());
  }
  ScenarioLoader loader;
  Diagnostics first;
  EXPECT_FALSE(loader.load(folder / "a.yaml", first));
  EXPECT_THAT(first.render(), HasSubstr("system.yaml:2:10: error: expected a map"));
  Diagnostics second;
  EXPECT_FALSE(loader.load(folder / "b.yaml", second));
  EXPECT_THAT(second.render(), ::testing::Not(HasSubstr("system.yaml")));
}

TEST_F(LoadTest, FindsScenarios) {
  Diagnostics diagnostics;
  EXPECT_THAT(find_scenarios({"good", "good/short.yaml", "shop/../good"}, diagnostics),
              ElementsAre("good/everything.yaml", "good/faults-only.yaml", "good/included.yaml",
                          "good/parts/common.yaml", "good/short.yaml"));
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  EXPECT_THAT(find_scenarios({"shop", "nowhere"}, diagnostics), ElementsAre());
  EXPECT_EQ(diagnostics.render(),
            "error: no scenario in the folder shop\nerror: no such file or folder: nowhere\n"
            "2 errors\n");
}

TEST_F(LoadTest, MissingFileIsNamed) {
  Diagnostics diagnostics;
  EXPECT_FALSE(ScenarioLoader().load("good/nowhere.yaml", diagnostics));
  EXPECT_THAT(diagnostics.render(), HasSubstr("good/nowhere.yaml: error: cannot open"));
}

/// Whatever bytes change, loading ends, with a value or with a reason.
TEST_F(LoadTest, MutatedFilesNeverCrash) {
  const std::string scenario = *read_file("good/everything.yaml");
  const std::string system = *read_file("shop/system.yaml");
  const ScratchFolder scratch;
  const fs::path folder = scratch.path("shop");
  fs::create_directories(folder);
  for (const char* file :
       {"alertmanager.yml", "limits.yaml", "node.yaml", "rules.yml", "system.yaml"}) {
    fs::copy_file(fs::path("shop") / file, folder / file, fs::copy_options::overwrite_existing);
  }
  Random random(20260105);
  ScenarioLoader loader;
  const auto mutate = [&](std::string text) {
    static constexpr std::string_view kBytes = "{}[],:#&*!|>'\"%@- \n\tx0.\x80";
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      const std::size_t at = random.below(text.size());
      switch (random.below(4)) {
        case 0:
          text[at] = kBytes[random.below(kBytes.size())];
          break;
        case 1:
          text.erase(at, 1 + random.below(20));
          break;
        case 2:
          text.insert(at, text.substr(random.below(text.size()), random.below(40)));
          break;
        default:
          text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
      }
    }
    return text;
  };
  for (int i = 0; i < 400; ++i) {
    Diagnostics diagnostics;
    const std::string file = folder / "mutated.yaml";
    ASSERT_TRUE(write_file_atomically(file, mutate(i % 2 == 0 ? scenario : system)).has_value());
    const bool loaded = i % 2 == 0 ? loader.load(file, diagnostics).has_value()
                                   : load_system(file, diagnostics) != nullptr;
    EXPECT_EQ(loaded, diagnostics.ok());
    EXPECT_EQ(diagnostics.render().empty(), diagnostics.ok());
  }
}

/// What a kind says of a signal goes when the exporter says otherwise, a kind's percentiles too.
TEST_F(LoadTest, SignalsOfAKindAreReplacedAsAWhole) {
  const ScratchFolder folder;
  folder.write("system.yaml", R"(
system: kinds
service: {endpoints: {/: {latency: 5ms}}}
exporters:
  celery:
    kind: celery
    signals:
      tasks.wait: {percentiles: {p50: 1s}}
      tasks.rate: service.request_rate * share
      share: 40%
)");
  Diagnostics diagnostics;
  const auto system = load_system(folder.path("system.yaml"), diagnostics);
  ASSERT_TRUE(system) << diagnostics.render();
  const auto signal = [&](const std::string& name) -> const Signal& {
    const auto& all = system->target("celery")->signals;
    return *std::find_if(all.begin(), all.end(), [&](const Signal& s) { return s.name == name; });
  };
  EXPECT_EQ(signal("tasks.wait").distribution->percentiles.size(), 1U);
  EXPECT_EQ(signal("tasks.runtime").distribution->percentiles.size(), 3U);
  EXPECT_EQ(signal("tasks.rate").help, "sent, of all kinds together");
  EXPECT_EQ(signal("tasks.rate").min, 0);
}

}  // namespace
}  // namespace tocsin::scenario
