#include <string>

#include <benchmark/benchmark.h>

#include "harness/promql/parser.h"

namespace tocsin::promql {
namespace {

constexpr const char* kExpressions[] = {
    "up == 0",
    R"(rate(http_requests_total{job="api",status=~"5.."}[5m]) > 0.05)",
    R"(sum by (job) (rate(http_requests_total{status=~"5.."}[5m]))
         / sum by (job) (rate(http_requests_total[5m])) > 0.05 and on (job) up == 1)",
    R"(histogram_quantile(0.95, sum by (le, job)
         (rate(http_request_duration_seconds_bucket{job="api"}[10m]))) > 2)",
};

void parse(benchmark::State& state) {
  const std::string text = kExpressions[state.range(0)];
  for (auto _ : state) benchmark::DoNotOptimize(parse_expression(text));
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(parse)->DenseRange(0, 3);

void print_one(benchmark::State& state) {
  const auto expression = parse_expression(kExpressions[state.range(0)]);
  for (auto _ : state) benchmark::DoNotOptimize(print(*expression->root));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(print_one)->DenseRange(0, 3);

/// One megabyte of a single expression.
void parse_long(benchmark::State& state) {
  std::string text = "max_of(0";
  while (text.size() + 20 < kLongestExpression) text += ", (metric_name)[5m:]";
  text += ")";
  for (auto _ : state) benchmark::DoNotOptimize(parse_expression(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(parse_long);

}  // namespace
}  // namespace tocsin::promql
