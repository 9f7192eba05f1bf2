#include "harness/rules/evaluation.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/random.h"
#include "harness/base/units.h"
#include "harness/rules/plan.h"
#include "harness/rules/promtool.h"
#include "harness/rules/test_store.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RuleFile rules_of(std::string_view yaml) {
  Diagnostics diagnostics;
  RuleFile file = parse_rule_file("r.yml", yaml, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  return file;
}

Timestamp minute(double m) {
  return from_ms(static_cast<std::int64_t>(m * 60'000));
}

/// One sample a minute from 0; "_" is none, "s" a stale marker.
void load(TestStore& store, const Labels& labels, const std::vector<std::string>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == "_") continue;
    const double value = values[i] == "s" ? stale_marker() : std::stod(values[i]);
    store.append(labels, minute(static_cast<double>(i)), value);
  }
}

EvaluationOptions every_minute() {
  EvaluationOptions options;
  options.interval = 1min;
  return options;
}

/// "A{i=\"1\"} 2m..5m..7m" with the value at its end: pending, firing, resolved.
std::string brief(const AlertEpisode& episode) {
  const auto at = [](const std::optional<Timestamp>& t) {
    return t ? format_number(static_cast<double>(to_ms(*t)) / 60'000) + "m" : std::string("-");
  };
  return fmt::format("{} {}..{}..{} {}", episode.labels.to_string(), at(episode.pending_at),
                     at(episode.firing_at), at(episode.resolved_at),
                     format_number(episode.value_last));
}
std::vector<std::string> brief(const EvaluationOutcome& outcome) {
  std::vector<std::string> lines;
  for (const AlertEpisode& episode : outcome.episodes) lines.push_back(brief(episode));
  return lines;
}

std::string samples_of(const TestStore& store, const Labels& labels) {
  const auto it = store.series().find(labels);
  if (it == store.series().end()) return "no such series";
  std::string text;
  for (std::size_t i = 0; i < it->second.values.size(); ++i) {
    const double value = it->second.values[i];
    text += fmt::format("{}{}m={}", i == 0 ? "" : " ",
                        static_cast<double>(it->second.timestamps[i]) / 60'000,
                        is_stale(value) ? "stale" : format_number(value));
  }
  return text;
}

TEST(Evaluation, TellsTheLifeOfAnAlert) {
  TestStore store;
  load(store, {{"__name__", "x"}, {"i", "1"}}, {"0", "7", "8", "9", "0", "7", "0"});
  const RuleFile file = rules_of(R"(
groups:
- name: g
  rules:
  - alert: A
    expr: x > 5
    for: 2m
    labels: {severity: page}
    annotations: {summary: "{{ $labels.i }} is at {{ $value }}"}
)");
  const EvaluationOutcome outcome =
      evaluate_timeline({&file, 1}, store, store, minute(6), every_minute());
  EXPECT_THAT(brief(outcome),
              ElementsAre("{alertname=\"A\", i=\"1\", severity=\"page\"} 1m..3m..4m 9",
                          "{alertname=\"A\", i=\"1\", severity=\"page\"} 5m..-..6m 7"));
  const AlertEpisode& first = outcome.episodes.front();
  EXPECT_EQ(first.annotations.at("summary"), "1 is at 9");
  EXPECT_EQ(first.value_at_start, 7);
  EXPECT_EQ(first.value_at_firing, 9);
  EXPECT_EQ(first.hold, 2min);
  EXPECT_EQ(first.group, "g");
  const Labels alert = first.labels;
  EXPECT_EQ(samples_of(store, alert.with("__name__", "ALERTS").with("alertstate", "pending")),
            "1m=1 2m=1 3m=stale 5m=1 6m=stale");
  EXPECT_EQ(samples_of(store, alert.with("__name__", "ALERTS").with("alertstate", "firing")),
            "3m=1 4m=stale");
  EXPECT_EQ(samples_of(store, alert.with("__name__", "ALERTS_FOR_STATE")),
            "1m=60 2m=60 3m=60 4m=stale 5m=300 6m=stale");
}

TEST(Evaluation, MakesAnotherAlertWhenALabelChanges) {
  TestStore store;
  load(store, {{"__name__", "x"}}, {"1", "1", "2", "2"});
  const RuleFile file =
      rules_of("groups: [{name: g, rules: [{alert: A, expr: x, labels: {v: 'is {{ $value }}'}}]}]");
  EXPECT_THAT(brief(evaluate_timeline({&file, 1}, store, store, minute(3), every_minute())),
              ElementsAre("{alertname=\"A\", v=\"is 1\"} 0m..0m..2m 1",
                          "{alertname=\"A\", v=\"is 2\"} 2m..2m..- 2"));
}

TEST(Evaluation, RecordsWithLabelsAndStaleMarkers) {
  TestStore store;
  load(store, {{"__name__", "x"}, {"i", "1"}, {"j", "2"}}, {"1", "2", "s", "_", "3"});
  const RuleFile file = rules_of(
      "groups: [{name: g, labels: {team: t, j: gone}, rules: [{record: 'r:sum', expr: x * 10, "
      "labels: {j: ''}}]}]");
  evaluate_timeline({&file, 1}, store, store, minute(4), every_minute());
  EXPECT_EQ(samples_of(store, {{"__name__", "r:sum"}, {"i", "1"}, {"team", "t"}}),
            "0m=10 1m=20 2m=stale 4m=30");
}

TEST(Evaluation, FailsOnDuplicatesAndGoesOn) {
  TestStore store;
  load(store, {{"__name__", "x"}, {"i", "1"}}, {"1", "1", "1", "1"});
  load(store, {{"__name__", "x"}, {"i", "2"}}, {"_", "1", "s", "_"});
  const RuleFile file = rules_of(
      "groups: [{name: g, rules: [{record: r, expr: x, labels: {i: same}},"
      "{alert: A, expr: x, labels: {i: same}}, {record: s, expr: x + on() x}]}]");
  const EvaluationOutcome outcome =
      evaluate_timeline({&file, 1}, store, store, minute(3), every_minute());
  EXPECT_EQ(samples_of(store, {{"__name__", "r"}, {"i", "same"}}), "0m=1 2m=1 3m=1");
  EXPECT_EQ(samples_of(store, {{"__name__", "s"}}), "0m=2 2m=2 3m=2");
  EXPECT_THAT(brief(outcome), ElementsAre("{alertname=\"A\", i=\"same\"} 0m..0m..- 1"));
  ASSERT_EQ(outcome.failures.size(), 3u);
  EXPECT_EQ(outcome.failures[0].rule, "r");
  EXPECT_EQ(outcome.failures[0].first, minute(1));
  EXPECT_EQ(outcome.failures[0].times, 1u);
  EXPECT_THAT(outcome.failures[0].error.message, HasSubstr("same labelset after applying rule"));
  EXPECT_THAT(outcome.failures[1].error.message, HasSubstr("same labelset after applying alert"));
  EXPECT_EQ(outcome.failures[2].first, minute(1));
  EXPECT_EQ(outcome.failures[2].error.pos.file, "r.yml");
}

TEST(Evaluation, ObeysLimits) {
  TestStore store;
  load(store, {{"__name__", "x"}, {"i", "1"}}, {"1", "1", "1"});
  load(store, {{"__name__", "x"}, {"i", "2"}}, {"_", "1", "s"});
  const RuleFile file =
      rules_of("groups: [{name: g, limit: 1, rules: [{record: r, expr: x}, {alert: A, expr: x}]}]");
  const EvaluationOutcome outcome =
      evaluate_timeline({&file, 1}, store, store, minute(2), every_minute());
  EXPECT_EQ(samples_of(store, {{"__name__", "r"}, {"i", "1"}}), "0m=1 2m=1");
  EXPECT_EQ(outcome.failures.at(0).error.message, "exceeded limit of 1 with 2 series");
  EXPECT_EQ(outcome.failures.at(1).error.message, "exceeded limit of 1 with 2 alerts");
  EXPECT_THAT(brief(outcome), ElementsAre("{alertname=\"A\", i=\"1\"} 0m..0m..1m 1",
                                          "{alertname=\"A\", i=\"2\"} 1m..1m..1m 1",
                                          "{alertname=\"A\", i=\"1\"} 2m..2m..- 1"));
}

TEST(Evaluation, EvaluatesEndOfQueryStepByStep) {
  TestStore store;
  load(store, {{"__name__", "x"}}, {"1", "2", "3"});
  const RuleFile file = rules_of("groups: [{name: g, rules: [{record: r, expr: 'x @ end()'}]}]");
  evaluate_timeline({&file, 1}, store, store, minute(2), every_minute());
  EXPECT_EQ(samples_of(store, {{"__name__", "r"}}), "0m=1 1m=2 2m=3");
}

// --- order ---

std::vector<std::string> order_of(const Plan& plan) {
  std::vector<std::string> names;
  for (const Component& component : plan.components) {
    std::string text = component.evaluation == Evaluation::kWhole    ? ""
                       : component.evaluation == Evaluation::kMerged ? "merged "
                                                                     : "steps ";
    for (const std::size_t rule : component.rules) text += plan.rules[rule].rule->name + ' ';
    text.pop_back();
    names.push_back(text);
  }
  return names;
}

Plan plan_of(const RuleFile& file) {
  return make_plan({&file, 1}, {});
}

TEST(Plan, PutsWhatIsReadFirst) {
  const RuleFile file = rules_of(R"(
groups:
- name: reader
  rules: [{alert: A, expr: b > 1}, {record: d, expr: '{__name__=~"c.*"}'}]
- name: writer
  rules: [{record: b, expr: up}, {record: c, expr: b}]
)");
  EXPECT_THAT(order_of(plan_of(file)), ElementsAre("b", "c", "A", "d"));
}

TEST(Plan, StepsThroughCircles) {
  const RuleFile file = rules_of(R"(
groups:
- name: g
  rules:
  - {record: early, expr: late}
  - {record: late, expr: up}
  - {record: own, expr: own offset 1m or up}
  - {record: free, expr: up}
  - {alert: A, expr: 'ALERTS{alertname="B"}'}
  - {alert: B, expr: up}
)");
  EXPECT_THAT(order_of(plan_of(file)),
              ElementsAre("steps early late", "steps own", "free", "steps A B"));
}

TEST(Plan, MergesRulesThatMayWriteTheSame) {
  const RuleFile file = rules_of(R"(
groups:
- name: g
  rules:
  - {record: r, expr: up}
  - {record: r, expr: down}
  - {record: s, expr: up, labels: {a: '1'}}
  - {record: s, expr: down, labels: {a: '2'}}
  - {alert: A, expr: up, labels: {severity: page}}
  - {alert: A, expr: up, labels: {severity: ticket}}
  - {alert: A, expr: up, labels: {severity: '{{ $labels.x }}'}}
)");
  EXPECT_THAT(order_of(plan_of(file)), ElementsAre("merged r r", "s", "s", "merged A A A"));
}

TEST(Plan, MindsQueryOffsets) {
  const RuleFile file = rules_of(R"(
groups:
- {name: writer, query_offset: 1m, rules: [{record: r, expr: up}]}
- {name: reader, rules: [{record: s, expr: r}]}
- {name: late, query_offset: 1m, rules: [{record: t, expr: r}]}
)");
  EXPECT_THAT(order_of(plan_of(file)), ElementsAre("steps r s", "t"));
}

TEST(Plan, OrdersLongChains) {
  std::vector<std::vector<std::size_t>> edges(200'000);
  for (std::size_t i = 1; i < edges.size(); ++i) edges[i].push_back(i - 1);
  const auto components = ordered_components(edges);
  ASSERT_EQ(components.size(), edges.size());
  EXPECT_EQ(components.front().front(), edges.size() - 1);
}

// --- random rules: one way of evaluating against another, and against promtool ---

struct World {
  std::string rules;
  std::vector<std::pair<std::string, std::vector<std::string>>> series;  ///< promtool's notation
  TestStore store;
};

constexpr int kMinutes = 40;

template <class T>
const T& pick(Random& random, const std::vector<T>& from) {
  return from[static_cast<std::size_t>(random.below(from.size()))];
}

void add_series(Random& random, World& world) {
  for (const char* name : {"x", "y"}) {
    for (int i = 0; i < 3; ++i) {
      std::vector<std::string> values;
      std::string value = "1";
      for (int m = 0; m <= kMinutes; ++m) {
        if (random.uniform() < 0.3) value = std::to_string(random.below(6));
        const double chance = random.uniform();
        values.push_back(chance < 0.08 ? "_" : chance < 0.12 ? "s" : value);
      }
      const std::string index = std::to_string(i);
      load(world.store, {{"__name__", name}, {"i", index}}, values);
      world.series.emplace_back(fmt::format("{}{{i=\"{}\"}}", name, i), values);
    }
  }
}

std::string random_expression(Random& random) {
  const std::vector<std::string> expressions = {
      "x > 3",
      "sum by (i) (x + y)",
      "rec0 > 2",
      "rec1 offset 1m",
      "rec2",
      "count(ALERTS{alertstate=\"firing\"})",
      "x unless on(i) ALERTS{alertname=\"A0\"}",
      "sum_over_time(x[3m]) > 6",
      "max(rec0) by (i) and y > 1",
      "{__name__=~\"rec[12]\", i=\"1\"} * 2",
      "x == on(i) y",
      "time() - ALERTS_FOR_STATE{alertname=\"A1\"} > 120",
      "1",
      "x @ end() > 2",
  };
  return pick(random, expressions);
}

World random_world(std::uint64_t seed, bool with_intervals) {
  Random random(seed);
  World world;
  add_series(random, world);
  world.rules = "groups:\n";
  for (int g = 0; g < 3; ++g) {
    world.rules += fmt::format("- name: g{}\n", g);
    if (with_intervals && g > 0) world.rules += fmt::format("  interval: {}m\n", g + 1);
    if (with_intervals && random.uniform() < 0.3) world.rules += "  query_offset: 1m\n";
    if (random.uniform() < 0.15) world.rules += "  limit: 3\n";
    world.rules += "  rules:\n";
    for (int r = 0; r < 3; ++r) {
      const std::string expression = random_expression(random);
      if (random.uniform() < 0.5) {
        world.rules +=
            fmt::format("  - record: rec{}\n    expr: '{}'\n", random.below(3), expression);
        if (random.uniform() < 0.3) world.rules += fmt::format("    labels: {{g: '{}'}}\n", g);
        continue;
      }
      world.rules += fmt::format("  - alert: A{}\n    expr: '{}'\n    for: {}m\n", random.below(3),
                                 expression, pick(random, std::vector<int>{0, 0, 1, 3}));
      if (random.uniform() < 0.4) world.rules += "    keep_firing_for: 2m\n";
      world.rules +=
          fmt::format("    labels: {{{}}}\n    annotations: {{s: 'now {{{{ $value }}}}'}}\n",
                      pick(random, std::vector<std::string>{"s: page", "v: \"{{ $value }}\"",
                                                            "l: \"{{ $labels.i }}\"", ""}));
    }
  }
  return world;
}

void expect_same(const EvaluationOutcome& a, const EvaluationOutcome& b) {
  ASSERT_EQ(a.episodes.size(), b.episodes.size());
  for (std::size_t i = 0; i < a.episodes.size(); ++i) {
    EXPECT_EQ(brief(a.episodes[i]), brief(b.episodes[i]));
    EXPECT_EQ(a.episodes[i].annotations, b.episodes[i].annotations);
  }
  ASSERT_EQ(a.failures.size(), b.failures.size());
  for (std::size_t i = 0; i < a.failures.size(); ++i) {
    EXPECT_EQ(a.failures[i].rule, b.failures[i].rule);
    EXPECT_EQ(a.failures[i].first, b.failures[i].first);
    EXPECT_EQ(a.failures[i].times, b.failures[i].times);
    EXPECT_EQ(to_string(a.failures[i].error), to_string(b.failures[i].error));
  }
}

TEST(Evaluation, WholeTimelinesAndTicksAgree) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    World world = random_world(seed, true);
    SCOPED_TRACE(fmt::format("seed {}\n{}", seed, world.rules));
    const RuleFile file = rules_of(world.rules);
    TestStore live_store = world.store;
    LiveEvaluation live({&file, 1}, live_store, live_store, every_minute());
    for (double m = 0; m <= kMinutes; m += 0.5) live.tick(minute(m));
    EvaluationOptions options = every_minute();
    options.threads = 3;
    TestStore parallel_store = world.store;
    expect_same(
        evaluate_timeline({&file, 1}, parallel_store, parallel_store, minute(kMinutes), options),
        live.outcome());
    EXPECT_TRUE(parallel_store.series() == live_store.series());
    const EvaluationOutcome whole =
        evaluate_timeline({&file, 1}, world.store, world.store, minute(kMinutes), every_minute());
    expect_same(whole, live.outcome());
    EXPECT_TRUE(world.store.series() == live_store.series());
    if (HasFailure()) return;
  }
}

/// What promtool must find at each minute: every recorded and alert series, as in our store.
std::string promtool_test(const World& world, const Plan& plan) {
  std::string yaml = "rule_files: [r.yml]\nevaluation_interval: 1m\ngroup_eval_order: [";
  for (const RuleGroup* group : plan.groups) yaml += group->name + ',';
  yaml += "]\ntests:\n- interval: 1m\n  input_series:\n";
  for (const auto& [name, values] : world.series) {
    yaml += fmt::format("  - series: '{}'\n    values: '", name);
    for (const std::string& value : values) yaml += (value == "s" ? "stale" : value) + ' ';
    yaml += "'\n";
  }
  yaml += "  promql_expr_test:\n";
  for (int m = 0; m <= kMinutes; ++m) {
    const std::string query = "{__name__=~\"rec.|ALERTS.*\"}";
    const auto expression = promql::parse_expression(query).value();
    const promql::QueryResult result =
        promql::evaluate(expression, world.store, promql::Timeline::instant(minute(m))).value();
    yaml += fmt::format("  - expr: '{}'\n    eval_time: {}m\n    exp_samples:\n", query, m);
    for (const promql::Column& column : result.columns) {
      yaml += fmt::format("    - labels: '{}'\n      value: {}\n", column.labels.to_string(),
                          format_number(column.values[0]));
    }
  }
  return yaml;
}

TEST(Evaluation, AgreesWithPromtool) {
  if (!has_promtool()) GTEST_SKIP() << "promtool is not installed";
  EvaluationOptions options = every_minute();
  options.query.version_2 = true;  // Debian's promtool is
  int compared = 0;
  for (std::uint64_t seed = 1000; seed < 1030; ++seed) {
    World world = random_world(seed, false);
    const RuleFile file = rules_of(world.rules);
    const EvaluationOutcome outcome =
        evaluate_timeline({&file, 1}, world.store, world.store, minute(kMinutes), options);
    if (!outcome.failures.empty()) continue;  // promtool stops there
    const Plan plan = make_plan({&file, 1}, {});
    const PromtoolRun run = run_promtool(
        "test rules t.yml", {{"r.yml", world.rules}, {"t.yml", promtool_test(world, plan)}});
    ASSERT_EQ(run.exit_code, 0) << "seed " << seed << '\n'
                                << world.rules << run.output.substr(0, 4000);
    ++compared;
  }
  EXPECT_GT(compared, 5);
}

}  // namespace
}  // namespace tocsin::rules
