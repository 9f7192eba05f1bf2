#include "harness/backtest/backtest.h"

#include <gtest/gtest.h>

#include "harness/backtest/compare.h"
#include "harness/backtest/report_text.h"
#include "harness/metrics/store.h"

namespace tocsin::backtest {
namespace {

using namespace std::chrono_literals;

rules::RuleFile rule_file(const std::string& yaml) {
  Diagnostics diagnostics;
  rules::RuleFile file = rules::parse_rule_file("rules.yml", yaml, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  return file;
}

/// A group with these rules, a YAML list.
rules::RuleFile rules_of(const std::string& list) {
  return rule_file("groups: [{name: g, rules: [" + list + "]}]");
}

/// A sample a minute, from minute 0.
void fill(metrics::Store& store, const Labels& labels, const std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    store.append(labels, Timestamp(static_cast<int>(i) * 1min), values[i]);
  }
}

Backtest run(const rules::RuleFile& file, const metrics::Store& store, Duration to) {
  BacktestOptions options;
  options.to = Timestamp(to);
  return run_backtest({&file, 1}, store, options);
}

TEST(Backtest, CountsEpisodesAndTheirTimes) {
  metrics::Store store;
  fill(store, {{"__name__", "x"}, {"i", "a"}}, {1, 0, 1, 1, 1, 0, 1, 1});
  fill(store, {{"__name__", "x"}, {"i", "b"}}, {0, 0, 0, 1, 1, 1, 0, 0});
  const Backtest backtest = run(rules_of("{alert: A, expr: x > 0, for: 1m}"), store, 7min);
  ASSERT_EQ(backtest.episodes.size(), 4U);
  EXPECT_TRUE(backtest.episodes[0].open_at_start);
  EXPECT_FALSE(backtest.episodes[0].life.firing_at);
  EXPECT_EQ(backtest.episodes[0].pending(), 1min);
  EXPECT_FALSE(backtest.episodes[1].open_at_start);
  EXPECT_EQ(backtest.episodes[1].firing(), 2min);
  EXPECT_FALSE(backtest.episodes[3].life.resolved_at);
  const RuleResult& rule = backtest.rules.at(0);
  EXPECT_EQ(rule.episodes, 4U);
  EXPECT_EQ(rule.pages, 3U);
  EXPECT_EQ(rule.pending, 4min);
  EXPECT_EQ(rule.firing, 4min);
  EXPECT_EQ(rule.longest, 2min);
  EXPECT_EQ(rule.at_once, 2U);
  EXPECT_NEAR(backtest.pages_a_day(), 3 * 1440.0 / 7, 1e-9);
}

TEST(Backtest, RecordedSeriesReplaceThoseInTheData) {
  metrics::Store store;
  fill(store, {{"__name__", "x"}}, {1, 2, 3});
  fill(store, {{"__name__", "twice"}, {"by", "old rules"}}, {9, 9, 9});
  fill(store, {{"__name__", "ALERTS"}, {"alertname", "Old"}}, {1, 1, 1});
  const Backtest backtest =
      run(rules_of("{record: twice, expr: x * 2}, {alert: A, expr: twice > 8}, {alert: B, expr: "
                   "'{__name__=~\"x|twice\"} > 5'}, {alert: C, expr: 'ALERTS{alertname!=\"C\"}'}"),
          store, 2min);
  ASSERT_EQ(backtest.episodes.size(), 2U);
  EXPECT_EQ(backtest.episodes[0].life.alert, "B");
  EXPECT_EQ(backtest.episodes[0].life.value_at_start, 6);
  EXPECT_EQ(backtest.episodes[1].life.labels.get("alertname"), "C");
}

/// Each changed episode in a line.
std::vector<std::string> changes(const rules::RuleFile& before, const rules::RuleFile& after,
                                 const metrics::Store& store, Duration to) {
  const Backtest old_result = run(before, store, to);
  const Backtest result = run(after, store, to);
  const Comparison comparison = compare(old_result, result);
  std::vector<std::string> lines;
  for (const RuleChange& rule : comparison.rules) {
    if (rule.fate != RuleFate::kKept) lines.push_back(std::string(to_string(rule.fate)));
    for (const EpisodeChange& change : rule.episodes) {
      const Episode& episode =
          change.after ? result.episodes[*change.after] : old_result.episodes[*change.before];
      std::string line = episode.life.alert + ' ' + std::string(to_string(change.fate));
      for (const std::string& word : change.words) line += ", " + word;
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

TEST(Compare, TellsWhatBecomesOfEachEpisode) {
  metrics::Store store;
  fill(store, {{"__name__", "x"}, {"i", "a"}}, {0, 2, 3, 2, 3, 3, 2, 0, 0, 0});
  fill(store, {{"__name__", "x"}, {"i", "b"}}, {0, 0, 0, 2, 2, 0, 0, 0, 3, 3});
  const auto above = [](int threshold, const std::string& more) {
    return rules_of("{alert: A, expr: x > " + std::to_string(threshold) + more + "}");
  };
  using Lines = std::vector<std::string>;
  EXPECT_EQ(changes(above(1, ""), above(1, ""), store, 9min), Lines());
  // One episode becomes two.
  EXPECT_EQ(changes(above(1, ""), above(2, ""), store, 9min),
            (Lines{"A differs, pending 1m later, fires 1m later, ends 4m earlier", "A vanishes",
                   "A appears"}));
  EXPECT_EQ(changes(above(1, ""), above(1, ", for: 2m"), store, 9min),
            (Lines{"A differs, fires 2m later", "A differs, no longer fires",
                   "A differs, no longer fires"}));
  EXPECT_EQ(changes(above(1, ", keep_firing_for: 2m"), above(1, ""), store, 9min),
            (Lines{"A differs, ends 2m earlier", "A differs, ends 2m earlier"}));
}

TEST(Compare, FindsTheOldRuleOfEachNewOne) {
  metrics::Store store;
  fill(store, {{"__name__", "x"}}, {0, 2, 3, 0});
  const auto page = rules_of(
      "{alert: A, expr: x > 1, labels: {severity: low}}, {alert: A, expr: x > 2, labels: "
      "{severity: high}}");
  const auto turned = rules_of(
      "{alert: A, expr: x > 2, labels: {severity: high}}, {alert: A, expr: x > 1, labels: "
      "{severity: low}}");
  EXPECT_TRUE(changes(page, turned, store, 3min).empty());
  const auto renamed = rules_of(
      "{alert: B, expr: x > 1, labels: {severity: low}}, {alert: A, expr: x > 2, labels: "
      "{severity: high}}");
  EXPECT_EQ(changes(page, renamed, store, 3min), std::vector<std::string>{"renamed"});
  const auto other = rules_of("{alert: C, expr: x == 3}");
  EXPECT_EQ(changes(page, other, store, 3min),
            (std::vector<std::string>{"added", "C appears", "removed", "A vanishes", "removed",
                                      "A vanishes"}));
}

TEST(ReportText, ShortensWhatNobodyReads) {
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(rate_text(0), "0");
  EXPECT_EQ(rate_text(0.0333), "0.033");
  EXPECT_EQ(rate_text(4.23), "4.2");
  EXPECT_EQ(rate_text(1234.5), "1234");
  std::vector<Episode> episodes(3);
  for (int i = 0; i < 3; ++i) {
    episodes[static_cast<std::size_t>(i)].life.firing_at = Timestamp(0ms);
    episodes[static_cast<std::size_t>(i)].end = Timestamp((i == 1 ? 1 : 5 + i) * 1min);
  }
  EXPECT_EQ(longest(episodes, 2), (std::vector<std::size_t>{0, 2}));
}

}  // namespace
}  // namespace tocsin::backtest
