#include "harness/run/wanted_series.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/backtest/fetch_plan.h"
#include "harness/promql/literals.h"
#include "harness/promql/parser.h"

namespace tocsin::run {
namespace {

/// The claims on metrics as rules.
rules::RuleFile claimed(const scenario::Expectations& expect) {
  rules::RuleFile file;
  rules::RuleGroup& group = file.groups.emplace_back();
  for (const scenario::MetricExpectation& claim : expect.metrics) {
    rules::Rule& rule = group.rules.emplace_back();
    rule.kind = rules::Rule::Kind::kRecording;
    rule.name = fmt::format("claim:{}", group.rules.size());
    rule.expression = promql::parse_expression(claim.expression.text).value();
  }
  return file;
}

std::string named(std::string_view metric) {
  return "{__name__=" + promql::quote(metric) + "}";
}

std::string scrapes_of(const scenario::Target& target) {
  return "{__name__=~\"up|scrape_duration_seconds|scrape_samples_scraped\",job=" +
         promql::quote(target_labels(target).get("job")) + "}";
}

}  // namespace

WantedSeries wanted_series(const scenario::Scenario& scenario, const RuleFiles& rules) {
  backtest::BacktestOptions options;
  options.to = options.from + scenario.length;
  options.interval = scenario.system->evaluation_interval;
  std::set<std::string> selectors = {named("ALERTS"), named("ALERTS_FOR_STATE")};
  WantedSeries wanted;
  const auto add = [&](const RuleFiles& files) {
    for (const backtest::Wanted& one : backtest::plan_fetch({&files, 1}, options).wanted) {
      selectors.insert(one.selector);
      wanted.back = std::max(wanted.back, options.from - one.from);
    }
  };
  add(rules);
  RuleFiles claims;
  claims.push_back(claimed(scenario.expect));
  add(claims);
  for (const scenario::Target* target : targets_of(*scenario.system)) {
    selectors.insert(scrapes_of(*target));
  }
  for (const rules::RuleFile& file : rules) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const rules::Rule& rule : group.rules) {
        if (rule.kind == rules::Rule::Kind::kRecording) selectors.insert(named(rule.name));
      }
    }
  }
  wanted.selectors.assign(selectors.begin(), selectors.end());
  return wanted;
}

}  // namespace tocsin::run
