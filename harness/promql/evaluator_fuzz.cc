#include <cstdint>
#include <memory>

#include "harness/promql/evaluator.h"
#include "harness/promql/parser.h"
#include "harness/promql/promqltest.h"
#include "harness/promql/script_store.h"

/// libFuzzer target: what parses can be evaluated on a few series, within limits, to a result or an
/// error.

namespace {

using namespace tocsin;

constexpr std::string_view kData =
    "load 30s\n"
    "  requests_total{job=\"api\",code=\"200\"} 0+10x20 5+10x20\n"
    "  requests_total{job=\"api\",code=\"500\"} 0+1x10 _x5 20+1x10\n"
    "  temperature{room=\"a\"} 20 21 NaN 23 stale 25 Inf -Inf\n"
    "  latency_seconds_bucket{le=\"0.1\"} 0+1x40\n"
    "  latency_seconds_bucket{le=\"1\"} 0+2x40\n"
    "  latency_seconds_bucket{le=\"+Inf\"} 0+3x40\n"
    "  native {{schema:0 count:3 sum:5 buckets:[1 2]}}x20\n";

const promql::ScriptStore& store() {
  static const auto made = [] {
    auto filled = std::make_unique<promql::ScriptStore>();
    const auto commands = promql::parse_script(kData, "data").value();
    filled->load(commands.front().load).value();
    return filled;
  }();
  return *made;
}

void evaluate(const promql::Expression& expression) {
  promql::QueryOptions options = promql::script_options();
  options.max_samples = 20'000;
  options.timeout = std::chrono::seconds(5);
  const Timestamp start = Timestamp{} + std::chrono::minutes(2);
  const promql::Timeline range{start, start + std::chrono::minutes(10), std::chrono::minutes(1)};
  (void)promql::evaluate(expression, store(), range, options);
  (void)promql::evaluate(expression, store(), promql::Timeline::instant(start), options);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed =
      promql::parse_expression(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!parsed.has_error()) evaluate(*parsed);
  return 0;
}
