#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "harness/rules/evaluation.h"
#include "harness/rules/rule.h"
#include "harness/rules/template.h"
#include "harness/rules/test_store.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;

constexpr int kSteps = 5760;  // a day at 15 s

/// `series` counters, a sample each 15 s for a day.
TestStore make_store(int series) {
  TestStore store;
  for (int i = 0; i < series; ++i) {
    const std::string instance = std::to_string(i);
    const Labels labels = {
        {"__name__", "requests_total"}, {"instance", instance}, {"job", i % 2 == 0 ? "a" : "b"}};
    for (int step = 0; step <= kSteps; ++step) {
      store.append(labels, from_ms(step * 15'000LL), static_cast<double>(step) * (i + 1));
    }
  }
  return store;
}

RuleFile rules_of(const std::string& yaml) {
  Diagnostics diagnostics;
  RuleFile file = parse_rule_file("bench.yml", yaml, diagnostics);
  if (!diagnostics.ok()) throw std::runtime_error(diagnostics.render());
  return file;
}

std::string fifty_rules(std::string_view expression) {
  std::string yaml = "groups:\n- name: g\n  interval: 15s\n  rules:\n";
  for (int i = 0; i < 50; ++i) {
    yaml +=
        fmt::format("  - alert: A{}\n    expr: {}\n    for: 5m\n    labels: {{severity: page}}\n",
                    i, expression);
    yaml += "    annotations: {summary: '{{ $labels.instance }} is at {{ $value | humanize }}'}\n";
  }
  return yaml;
}

void evaluate_day(benchmark::State& state, std::string_view expression) {
  const TestStore store = make_store(static_cast<int>(state.range(0)));
  const RuleFile file = rules_of(fifty_rules(expression));
  EvaluationOptions options;
  options.origin = from_ms(0);
  for (auto _ : state) {
    TestStore sink;
    const EvaluationOutcome outcome =
        evaluate_timeline({&file, 1}, store, sink, from_ms(kSteps * 15'000LL), options);
    benchmark::DoNotOptimize(outcome.episodes.size());
  }
}

void BM_QuietDay(benchmark::State& state) {
  evaluate_day(state, "sum by (job) (rate(requests_total[5m])) > 1e9");
}
BENCHMARK(BM_QuietDay)->Arg(20)->Unit(benchmark::kMillisecond);

/// The state machine and the alert series: the expression costs next to nothing.
void BM_FiringDay(benchmark::State& state) {
  evaluate_day(state, "requests_total{instance=\"1\"} > 0");
}
BENCHMARK(BM_FiringDay)->Arg(20)->Unit(benchmark::kMillisecond);

void BM_LoadFiftyRules(benchmark::State& state) {
  const std::string yaml = fifty_rules("sum by (job) (rate(requests_total[5m])) > 1e9");
  for (auto _ : state) benchmark::DoNotOptimize(rules_of(yaml).groups.size());
}
BENCHMARK(BM_LoadFiftyRules)->Unit(benchmark::kMicrosecond);

void BM_ExpandTemplate(benchmark::State& state) {
  const Template text =
      Template::parse("{{ $labels.instance }}: {{ $value | humanizePercentage }} of requests")
          .value();
  TemplateData data;
  data.labels = {{"instance", "host:9090"}};
  data.value = 0.0825;
  for (auto _ : state) benchmark::DoNotOptimize(text.expand_for_alert("A", data));
}
BENCHMARK(BM_ExpandTemplate);

}  // namespace
}  // namespace tocsin::rules
