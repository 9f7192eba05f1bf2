#include "harness/run/stack.h"

#include <algorithm>

#include "harness/faults/timeline.h"

namespace tocsin::run {

std::shared_ptr<const RuleFiles> RuleLibrary::rules_of(const scenario::System& system,
                                                       Diagnostics& diagnostics) {
  const auto [it, is_new] = known_.emplace(&system, nullptr);
  if (!is_new) return it->second;
  auto files = std::make_shared<RuleFiles>();
  for (const std::string& path : system.rule_files) {
    rules::RuleFile& file = files->emplace_back(rules::load_rule_file(path, diagnostics));
    warnings_.insert(warnings_.end(), file.warnings.begin(), file.warnings.end());
  }
  it->second = files;
  return files;
}

namespace {

void add_traffic_events(const scenario::Scenario& scenario, Evidence& evidence) {
  const auto add = [&](EventKind kind, std::string name, Duration offset) {
    evidence.events.push_back({kind, std::move(name), {}, evidence.at_offset(offset)});
  };
  if (scenario.traffic.phases.empty()) return;
  add(EventKind::kTrafficStart, "traffic", Duration(0));
  Duration offset{0};
  for (const traffic::Phase& phase : scenario.traffic.phases) {
    if (!phase.name.empty()) add(EventKind::kPhase, phase.name, offset);
    offset += phase.length;
  }
  add(EventKind::kTrafficEnd, "traffic end", offset);
}

}  // namespace

Evidence begin_evidence(const scenario::Scenario& scenario, const RuleFiles& rules, RunMode mode,
                        Timestamp start, double time_scale) {
  Evidence evidence;
  RunInfo& run = evidence.run;
  run.scenario = scenario.name;
  run.scenario_file = scenario.file;
  run.system = scenario.system->name;
  run.mode = mode;
  run.seed = scenario.seed;
  run.start = start;
  run.end = start;
  run.planned = scenario.length;
  run.time_scale = time_scale;
  run.evaluation_interval = scenario.system->evaluation_interval;
  run.scrape_interval = scenario.system->service.scrape_interval;
  for (const scenario::Target& exporter : scenario.system->exporters) {
    run.scrape_interval = std::min(run.scrape_interval, exporter.scrape_interval);
  }
  add_traffic_events(scenario, evidence);
  const faults::FaultTimeline timeline(scenario.faults);
  for (Event& event : timeline.events(start, time_scale))
    evidence.events.push_back(std::move(event));
  std::stable_sort(evidence.events.begin(), evidence.events.end(),
                   [](const Event& a, const Event& b) { return a.at < b.at; });
  for (const rules::RuleFile& file : rules) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const rules::Rule& rule : group.rules) {
        if (rule.kind != rules::Rule::Kind::kAlerting) continue;
        evidence.rules.push_back({group.name, rule.name, rule.expression.text, rule.hold});
      }
    }
  }
  return evidence;
}

rules::EvaluationOptions evaluation_options(const scenario::Scenario& scenario, Timestamp start) {
  rules::EvaluationOptions options;
  options.interval = scenario.system->evaluation_interval;
  options.query.default_subquery_step = options.interval;
  options.origin = start;
  options.external_labels = scenario.system->external_labels;
  return options;
}

Labels target_labels(const scenario::Target& target, const std::string& instance) {
  std::vector<LabelView> labels = {{"job", target.job},
                                   {"instance", instance.empty() ? target.instance : instance}};
  for (const auto& [name, value] : target.labels) labels.push_back({name, value});
  return Labels::from(std::move(labels));
}

std::vector<const scenario::Target*> targets_of(const scenario::System& system) {
  std::vector<const scenario::Target*> targets = {&system.service};
  for (const scenario::Target& exporter : system.exporters) targets.push_back(&exporter);
  return targets;
}

void take_outcome(rules::EvaluationOutcome outcome, Evidence& evidence) {
  evidence.episodes = std::move(outcome.episodes);
  for (const rules::RuleFailure& failure : outcome.failures) {
    evidence.run.warnings.push_back(
        "rule " + failure.rule + " of group " + failure.group + " failed " +
        std::to_string(failure.times) + " times, first at " +
        format_duration(evidence.offset_of(failure.first)) + ": " + failure.error.message);
  }
}

}  // namespace tocsin::run
