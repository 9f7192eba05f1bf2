// Do Prometheus' own rule tests tell the same story as a simulated run? Skipped where promtool is
// not installed.

#include "harness/rules/promtool.h"

#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/base/units.h"
#include "harness/run/simulate.h"
#include "harness/run/test_drill.h"

namespace tocsin::run {
namespace {

using std::chrono::seconds;

/// promtool's series have a sample at each of these or none. Scrapes fall on every third of them
/// and evaluations on others, so that no sample lies on the edge of a window: Prometheus 2 counts
/// both edges, Prometheus 3 and Tocsin only the later one.
constexpr Duration kStep = seconds(5);
constexpr Duration kEvaluation = seconds(15);

/// In single quotes, for YAML.
std::string yaml_text(std::string_view text) {
  std::string yaml = "'";
  for (const char c : text) yaml += c == '\'' ? "''" : std::string(1, c);
  return yaml + "'";
}

std::string map_of(const auto& pairs) {
  std::string yaml;
  for (const auto& [name, value] : pairs) {
    yaml += (yaml.empty() ? "" : ", ") + yaml_text(name) + ": " + yaml_text(value);
  }
  return '{' + yaml + '}';
}

/// "1 _ _ 2 _ _ stale".
std::string notation(const Evidence& evidence, const SeriesView& view) {
  std::string text;
  std::int64_t step = 0;
  for (std::size_t i = 0; i < view.values.size(); ++i) {
    for (; step < evidence.offset_of(from_ms(view.timestamps[i])) / kStep; ++step) text += "_ ";
    text += is_stale(view.values[i]) ? "stale " : format_number(view.values[i]) + ' ';
    ++step;
  }
  return text;
}

std::string input_series(const Evidence& evidence) {
  std::string yaml;
  for (const SeriesView& view : evidence.samples->select({}, {})) {
    if (view.labels.metric_name().starts_with("ALERTS")) continue;
    yaml += "      - {series: " + yaml_text(view.labels.to_string()) +
            ", values: " + yaml_text(notation(evidence, view)) + "}\n";
  }
  return yaml;
}

AlertState state_at(const AlertEpisode& episode, Timestamp at) {
  if (at < episode.pending_at || (episode.resolved_at && at >= *episode.resolved_at)) {
    return AlertState::kInactive;
  }
  return episode.firing_at && at >= *episode.firing_at ? AlertState::kFiring : AlertState::kPending;
}

/// What ALERTS is at every evaluation.
std::string expected_states(const Evidence& evidence) {
  std::string yaml;
  for (Duration offset{0}; evidence.at_offset(offset) <= evidence.run.end; offset += kEvaluation) {
    std::string samples;
    for (const AlertEpisode& episode : evidence.episodes) {
      const AlertState state = state_at(episode, evidence.at_offset(offset));
      if (state == AlertState::kInactive) continue;
      const Labels labels =
          episode.labels.with(kMetricName, "ALERTS").with("alertstate", to_string(state));
      samples += "{labels: " + yaml_text(labels.to_string()) + ", value: 1}, ";
    }
    yaml += "      - {expr: ALERTS, eval_time: " + format_duration(offset) + ", exp_samples: [" +
            samples + "]}\n";
  }
  return yaml;
}

/// The whole alert with its annotations at its last evaluation, and nothing at the next.
std::string expected_alerts(const Evidence& evidence) {
  std::string yaml;
  for (const AlertEpisode& episode : evidence.episodes) {
    if (!episode.firing_at || !episode.resolved_at) continue;
    std::vector<std::pair<std::string, std::string>> labels;
    for (const LabelView label : episode.labels) {
      if (label.name != "alertname") labels.emplace_back(label.name, label.value);
    }
    const Duration resolved = evidence.offset_of(*episode.resolved_at);
    const auto at = [&](Duration offset) {
      return "      - {alertname: " + episode.alert + ", eval_time: " + format_duration(offset);
    };
    yaml += at(resolved - kEvaluation) + ", exp_alerts: [{exp_labels: " + map_of(labels) +
            ", exp_annotations: " + map_of(episode.annotations) + "}]}\n";
    yaml += at(resolved) + ", exp_alerts: []}\n";
  }
  return yaml;
}

std::string promtool_test_of(const Evidence& evidence) {
  return "rule_files: [rules.yml]\nevaluation_interval: " + format_duration(kEvaluation) +
         "\ntests:\n  - interval: " + format_duration(kStep) + "\n    input_series:\n" +
         input_series(evidence) + "    promql_expr_test:\n" + expected_states(evidence) +
         "    alert_rule_test:\n" + expected_alerts(evidence);
}

class PromtoolTest : public testing::TestWithParam<const char*> {};

TEST_P(PromtoolTest, AgreesOnEveryAlert) {
  if (!rules::has_promtool()) GTEST_SKIP() << "promtool is not installed";
  const Drill drill = load_drill("scenarios/procode/" + std::string(GetParam()));
  SimulationOptions options;
  options.scrape_phase = kStep;
  const Evidence evidence = simulate(drill.scenario, *drill.rules, options);
  ASSERT_FALSE(evidence.episodes.empty());
  const std::string rules_text = read_file(drill.scenario.system->rule_files.at(0)).value();
  const auto run = rules::run_promtool(
      "test rules test.yml", {{"rules.yml", rules_text}, {"test.yml", promtool_test_of(evidence)}});
  EXPECT_EQ(run.exit_code, 0) << run.output;
}

/// A test that cannot fail is none.
TEST(Promtool, DisagreesWithAFalseStory) {
  if (!rules::has_promtool()) GTEST_SKIP() << "promtool is not installed";
  const Drill drill = load_drill("scenarios/procode/service-down-fires.yaml");
  SimulationOptions options;
  options.scrape_phase = kStep;
  Evidence evidence = simulate(drill.scenario, *drill.rules, options);
  *evidence.episodes.at(0).firing_at += kEvaluation;
  const std::string rules_text = read_file(drill.scenario.system->rule_files.at(0)).value();
  const auto run = rules::run_promtool(
      "test rules test.yml", {{"rules.yml", rules_text}, {"test.yml", promtool_test_of(evidence)}});
  EXPECT_EQ(run.exit_code, 1) << run.output;
}

INSTANTIATE_TEST_SUITE_P(ProCode, PromtoolTest,
                         testing::Values("high-error-rate-fires.yaml", "high-error-rate-short.yaml",
                                         "high-response-time-fires.yaml", "service-down-fires.yaml",
                                         "service-down-short.yaml"));

}  // namespace
}  // namespace tocsin::run
