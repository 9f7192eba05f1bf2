#include "harness/contract/contract.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/base/scratch_folder.h"
#include "harness/scenario/load.h"

namespace tocsin::contract {
namespace {

namespace fs = std::filesystem;
using std::chrono::minutes;
using ::testing::ElementsAre;

const std::string kHere = TOCSIN_SOURCE_DIR "/harness/contract/testdata/";

class ContractTest : public ::testing::Test {
 protected:
  /// The contract of the text beside the test system.
  std::optional<Contract> load(const std::string& text) {
    folder_.write("system.yaml", read_file(kHere + "shop/system.yaml").value());
    folder_.write("contract.yaml", text);
    system_ = scenario::load_system(folder_.path(), diagnostics_);
    EXPECT_NE(system_, nullptr) << diagnostics_.render();
    return load_contract(*system_, diagnostics_);
  }

  /// What was complained about, with a file name that is the same everywhere.
  std::string complaints() const {
    std::string text = diagnostics_.render();
    const std::string folder = folder_.path() + '/';
    for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder)) {
      text.erase(at, folder.size());
    }
    return text;
  }

  ScratchFolder folder_;
  Diagnostics diagnostics_;
  std::shared_ptr<const scenario::System> system_;
};

TEST_F(ContractTest, ReadsWhatAGuidePromises) {
  const auto contract = load(R"(
contract: shop
guide: {title: Shop, date: 2026-01-01, file: shop.txt}
traffic: 20/s
alerts:
  DiskFull:
    id: shop.disk
    lines: [3, 4]
    severity: page
    threshold: 10%
    is: below
    for: 5m
    ours: [for]
    drive: {signal: disk.free_percent, factor: 100}
  Slow: {threshold: 500ms, is: at_least, drive: [{signal: queries.p95}, {signal: latency.p95, fires_at: 1s}]}
  Down: {drive: {when: {service: down, postgres: {up: 0}}, below: {service: {slow_scrape: 1s}}}, also: Slow}
  Busy: {threshold: 100/s, is: above, drive: {traffic: true, range: 0/s..500/s, lasts: 40m}}
  Plenty: {drive: {when: {service: {disk.free_percent: 90}}, otherwise: {service: {disk.free_percent: 30}}}}
metrics: {x_seconds: {type: histogram, labels: [a, le]}}
health: [{endpoint: /health, state: unhealthy, when: {service: {disk.free_percent: 4}}, fields: {/a: 1}, after: 1m}]
counts: [{what: metrics, documented: 50+}]
runbooks: [{title: Disk full, alerts: DiskFull, line: 9}]
promises: [{id: shop.panel, says: a panel of errors, shown_by: system.yaml}]
traces: {spans: [{name: x, attributes: {a: 1}}]}
)");
  ASSERT_TRUE(contract.has_value()) << complaints();
  EXPECT_EQ(contract->traffic_hz, 20);
  const Alert& disk = *contract->alert("DiskFull");
  EXPECT_THAT(disk.lines, ElementsAre(3, 4));
  EXPECT_EQ(disk.hold, minutes(5));
  EXPECT_TRUE(disk.is_ours("for"));
  EXPECT_EQ(disk.drive.front().factor, 100);
  EXPECT_DOUBLE_EQ(disk.drive.front().fires_at, 0.05);
  EXPECT_DOUBLE_EQ(*disk.drive.front().silent_at, 0.102);
  const Alert& slow = *contract->alert("Slow");
  ASSERT_EQ(slow.drive.size(), 2u);
  EXPECT_GT(slow.drive[0].low, 0);
  EXPECT_DOUBLE_EQ(slow.drive[0].fires_at, 0.75);
  EXPECT_DOUBLE_EQ(slow.drive[1].fires_at, 1);
  const Cause& down = contract->alert("Down")->drive.front();
  EXPECT_EQ(down.kind, Cause::Kind::kState);
  EXPECT_EQ(down.faults.size(), 2u);
  EXPECT_EQ(down.near.size(), 1u);
  EXPECT_TRUE(down.otherwise.empty());
  EXPECT_EQ(contract->alert("Busy")->drive.front().lasts, minutes(40));
  EXPECT_EQ(contract->alert("Plenty")->drive.front().otherwise.front().changes.size(), 1u);
  EXPECT_THAT(contract->metrics.front().labels, ElementsAre("a"));
  EXPECT_EQ(contract->health.front().fields.at("/a"), "1");
  EXPECT_EQ(contract->health.front().after, minutes(1));
  EXPECT_TRUE(contract->counts.front().at_least);
  EXPECT_EQ(contract->counts.front().documented, 50u);
  EXPECT_THAT(contract->runbooks.front().alerts, ElementsAre("DiskFull"));
  EXPECT_THAT(contract->promises.front().shown_by, ElementsAre("system.yaml"));
}

TEST_F(ContractTest, BadContractsAreRefusedWithEveryProblem) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kHere + "bad")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty());
  for (const fs::path& file : files) {
    diagnostics_ = Diagnostics();
    EXPECT_FALSE(load(read_file(file.string()).value()).has_value()) << file;
    const fs::path golden = fs::path(file).replace_extension(".txt");
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
      write_file_atomically(golden.string(), complaints()).value();
    }
    EXPECT_EQ(read_file(golden.string()).value(), complaints()) << golden;
  }
}

TEST_F(ContractTest, AMissingContractIsOneProblem) {
  load("contract: shop");
  fs::remove(folder_.path("contract.yaml"));
  EXPECT_FALSE(load_contract(*system_, diagnostics_).has_value());
  EXPECT_EQ(diagnostics_.size(), 1u);
}

/// The five systems of this repository, those that are there.
TEST(ContractFiles, OfTheRepositoryLoad) {
  int found = 0;
  for (const auto& entry : fs::directory_iterator(TOCSIN_SOURCE_DIR "/scenarios")) {
    if (!fs::exists(entry.path() / "contract.yaml")) continue;
    Diagnostics diagnostics;
    const auto system = scenario::load_system(entry.path().string(), diagnostics);
    ASSERT_NE(system, nullptr) << diagnostics.render();
    EXPECT_TRUE(load_contract(*system, diagnostics).has_value()) << diagnostics.render();
    ++found;
  }
  EXPECT_GT(found, 0);
}

}  // namespace
}  // namespace tocsin::contract
