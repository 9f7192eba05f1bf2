#include "harness/run/rule_scale.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/promql/time_scale.h"

namespace tocsin::run {
namespace {

/// Whether a template asks the store with a query of its own.
bool may_query(const std::string& text) {
  const std::size_t action = text.find("{{");
  return action != std::string::npos && text.find("query ", action) != std::string::npos;
}

Result<rules::Rule> scale_rule(const rules::Rule& rule, double factor,
                               std::vector<std::string>& unscaled) {
  auto expression = promql::scale_time(rule.expression, factor);
  if (expression.has_error()) {
    Error error = expression.error();
    error.pos = rule.expression_pos;
    error.context.push_back("in rule " + rule.name);
    return error;
  }
  for (const std::string& what : expression->unscaled) {
    unscaled.push_back("rule " + rule.name + ": " + what + " was left as it is by the time scale");
  }
  for (const auto* texts : {&rule.labels, &rule.annotations}) {
    for (const auto& [name, text] : *texts) {
      if (factor == 1 || !may_query(text.text)) continue;
      unscaled.push_back("rule " + rule.name + ": the query in " + name +
                         " was left as it is by the time scale");
    }
  }
  rules::Rule result;
  result.kind = rule.kind;
  result.name = rule.name;
  result.expression = std::move(expression->expression);
  result.pos = rule.pos;
  result.expression_pos = rule.expression_pos;
  result.hold = scaled(rule.hold, factor);
  result.keep_firing_for = scaled(rule.keep_firing_for, factor);
  result.labels = rule.labels;
  result.annotations = rule.annotations;
  return result;
}

void check_interval(std::string_view what, Duration interval, double factor,
                    Diagnostics& diagnostics) {
  if (static_cast<double>(interval.count()) >= factor) return;
  diagnostics.add(
      input_error({}, fmt::format("{}, {}, falls below a millisecond at this time scale", what,
                                  format_duration(interval))));
}

}  // namespace

void check_time_scale(const scenario::System& system, const RuleFiles& files, double factor,
                      Diagnostics& diagnostics) {
  check_interval(fmt::format("the evaluation interval of {}", system.name),
                 system.evaluation_interval, factor, diagnostics);
  for (const scenario::Target* target : targets_of(system)) {
    check_interval(fmt::format("the scrape interval of {}", target->name), target->scrape_interval,
                   factor, diagnostics);
  }
  for (const rules::RuleFile& file : files) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const rules::Rule& rule : group.rules) {
        std::vector<std::string> unscaled;
        const auto scaled = scale_rule(rule, factor, unscaled);
        if (scaled.has_error()) diagnostics.add(scaled.error());
      }
    }
  }
}

void check_time_scale(const scenario::Expectations& expect, double factor,
                      Diagnostics& diagnostics) {
  for (const scenario::MetricExpectation& metric : expect.metrics) {
    const auto scaled = promql::scale_time(metric.expression, factor);
    if (!scaled.has_error()) continue;
    Error error = scaled.error();
    error.pos = metric.expression_pos;
    diagnostics.add(std::move(error));
  }
}

Duration scaled(Duration d, double factor) {
  if (d.count() == 0) return d;
  return std::max(Duration(1), Duration(std::llround(static_cast<double>(d.count()) / factor)));
}

Result<ScaledRules> scale_rules(const RuleFiles& files, double factor) {
  ScaledRules result;
  result.factor = factor;
  for (const rules::RuleFile& file : files) {
    rules::RuleFile& scaled_file = result.files.emplace_back();
    scaled_file.path = file.path;
    for (const rules::RuleGroup& group : file.groups) {
      rules::RuleGroup& scaled_group = scaled_file.groups.emplace_back();
      scaled_group.name = group.name;
      scaled_group.pos = group.pos;
      if (group.interval) scaled_group.interval = scaled(*group.interval, factor);
      scaled_group.query_offset = scaled(group.query_offset, factor);
      scaled_group.limit = group.limit;
      scaled_group.labels = group.labels;
      for (const rules::Rule& rule : group.rules) {
        TRY(rules::Rule scaled_rule, scale_rule(rule, factor, result.unscaled));
        scaled_group.rules.push_back(std::move(scaled_rule));
      }
    }
  }
  return result;
}

}  // namespace tocsin::run
