#include "harness/run/route_alerts.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/run/simulate.h"
#include "harness/run/test_drill.h"

namespace tocsin::run {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kCases = "harness/run/testdata/routing/";

std::string labels_of(const Labels& labels) {
  return labels.empty() ? "" : labels.to_string();
}

/// Who was told what, when and why, and what was kept back.
std::string told_in(const Evidence& evidence) {
  std::string text;
  const auto when = [&](Timestamp t) { return format_duration(evidence.offset_of(t)); };
  for (const RoutedAlert& routed : evidence.routing->alerts) {
    text += fmt::format("{} {} to {} within {}\n", labels_of(routed.alert),
                        routed.fell_through ? "falls" : "is sent",
                        fmt::join(routed.receivers, ", "), format_duration(routed.told_within));
  }
  for (const NotificationRecord& told : evidence.notifications) {
    text += fmt::format("{} {} {} {}: {} ({}), attempt {}: {} {}\n", when(told.at), told.receiver,
                        told.integration, told.integration_index, told.title, told.reason,
                        told.attempt, told.status, told.delivered ? "delivered" : told.error);
    for (const NotificationAlert& alert : told.alerts) {
      text += fmt::format("    {} {} since {}", labels_of(alert.labels),
                          alert.firing ? "firing" : "resolved", when(alert.starts_at));
      if (alert.ends_at) text += " until " + when(*alert.ends_at);
      const auto summary = alert.annotations.find("summary");
      if (summary != alert.annotations.end()) text += ": " + summary->second;
      text += '\n';
    }
    // A webhook's text repeats it all.
    if (told.integration == "webhook" || told.text.empty()) continue;
    text += "    | " + told.text.substr(0, told.text.find('\n')) + '\n';
  }
  static constexpr std::string_view kKinds[] = {"inhibited", "silenced", "muted"};
  for (const Suppression& kept : evidence.suppressions) {
    text += fmt::format("{}..{} {} {} {}{}\n", when(kept.from), kept.to ? when(*kept.to) : "",
                        labels_of(kept.alert), kKinds[static_cast<std::size_t>(kept.kind)],
                        labels_of(kept.by), kept.name);
  }
  return text;
}

Evidence run_routed(const Drill& drill) {
  SimulationOptions options;
  options.routing = drill.routing.get();
  return simulate(drill.scenario, *drill.rules, options);
}

/// Folders of testdata/routing: a scenario, its routing, and who is told. UPDATE_GOLDEN=1 writes
/// the latter.
TEST(RouteAlerts, Cases) {
  std::vector<std::string> cases;
  for (const auto& entry : fs::directory_iterator(std::string(TOCSIN_SOURCE_DIR "/") + kCases)) {
    cases.push_back(entry.path().filename().string());
  }
  std::sort(cases.begin(), cases.end());
  ASSERT_THAT(cases, Not(IsEmpty()));
  for (const std::string& name : cases) {
    const std::string folder = kCases + name + "/";
    const std::string told = told_in(run_routed(load_drill(folder + "scenario.yaml")));
    const std::string golden = std::string(TOCSIN_SOURCE_DIR "/") + folder + "told.txt";
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
      ASSERT_TRUE(write_file_atomically(golden, told).has_value());
      continue;
    }
    const auto expected = read_file(golden);
    EXPECT_EQ(expected.has_value() ? *expected : "", told) << golden;
  }
}

TEST(RouteAlerts, WithoutRoutingNobodyIsTold) {
  Drill drill = load_drill(std::string(kCases) + "groups-and-repeats/scenario.yaml");
  drill.routing = nullptr;
  const Evidence evidence = run_routed(drill);
  EXPECT_FALSE(evidence.routing);
  EXPECT_THAT(evidence.notifications, IsEmpty());
}

TEST(RouteAlerts, SecretsAreMasked) {
  const Evidence evidence =
      run_routed(load_drill(std::string(kCases) + "texts-as-then/scenario.yaml"));
  ASSERT_THAT(evidence.notifications, Not(IsEmpty()));
  for (const NotificationRecord& told : evidence.notifications) {
    EXPECT_THAT(told.text, Not(HasSubstr("http://localhost:1/very-secret-token")));
  }
}

}  // namespace
}  // namespace tocsin::run
