#include "harness/cli/scenario_mutation.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "assertions/judge.h"
#include "harness/backtest/overlay.h"
#include "harness/ruletest/seen.h"
#include "harness/ruletest/spread.h"
#include "harness/run/route_alerts.h"
#include "harness/run/simulate.h"
#include "harness/run/stack.h"

namespace tocsin::cli {
namespace {

using ruletest::MutantResult;
using ruletest::RuleResult;
using ruletest::Seen;

/// What a scenario's targets said, without any rule.
struct RecordedScenario {
  const Task* task = nullptr;
  Evidence evidence;
  Seen unchanged;
};

/// All scenarios of one system, and its rules.
struct MutatedSystem {
  const run::RuleFiles* rules = nullptr;
  std::vector<RecordedScenario> scenarios;
};

struct RuleOfSystem {
  const MutatedSystem* system = nullptr;
  std::size_t file = 0;
  std::size_t group = 0;
  std::size_t rule = 0;
};

std::set<std::string> recorded_names(const run::RuleFiles& rules) {
  std::set<std::string> names;
  for (const rules::RuleFile& file : rules) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const rules::Rule& rule : group.rules) {
        if (rule.kind == rules::Rule::Kind::kRecording) names.insert(rule.name);
      }
    }
  }
  return names;
}

/// The evidence of the scenario with these rules.
Evidence with_rules(const RecordedScenario& recorded, const run::RuleFiles& rules) {
  const scenario::Scenario& scenario = recorded.task->scenario;
  Evidence evidence = recorded.evidence;
  evidence.rules =
      run::begin_evidence(scenario, rules, RunMode::kSimulated, scenario.start, 1).rules;
  auto samples =
      std::make_shared<backtest::Overlay>(*recorded.evidence.samples, recorded_names(rules));
  const auto options = run::evaluation_options(scenario, evidence.run.start);
  auto outcome = rules::evaluate_timeline(rules, *samples, *samples, evidence.run.end, options);
  if (const auto& routing = recorded.task->routing) {
    run::route_alerts(scenario, *routing, rules, outcome, options, *samples, evidence);
  }
  run::take_outcome(std::move(outcome), evidence);
  evidence.samples = std::move(samples);
  return evidence;
}

Seen seen_in(const Evidence& evidence, const run::RuleFiles& rules) {
  Seen seen;
  for (const AlertEpisode& episode : evidence.episodes) seen.episodes.push_back({nullptr, episode});
  for (const std::string& name : recorded_names(rules)) {
    const std::vector<Matcher> matchers{Matcher::equal(std::string(kMetricName), name)};
    for (const SeriesView& view : evidence.samples->select(matchers, TimeRange())) {
      seen.recorded.push_back({view.labels,
                               {view.timestamps.begin(), view.timestamps.end()},
                               {view.values.begin(), view.values.end()},
                               {view.histograms.begin(), view.histograms.end()}});
    }
  }
  return seen;
}

std::string first_broken_claim(const scenario::Scenario& scenario,
                               const assertions::Verdict& verdict) {
  for (const assertions::Judgement& one : verdict.judgements) {
    if (one.outcome == assertions::Outcome::kPass) continue;
    return fmt::format("{}: {}: {} {}: {}", to_string(one.pos), scenario.name, one.kind,
                       one.subject, one.claim);
  }
  return fmt::format("{}: {}: {}", scenario.file, scenario.name, verdict.reason);
}

std::vector<MutatedSystem> systems_of(const std::vector<Task>& tasks) {
  std::vector<MutatedSystem> systems;
  for (const Task& task : tasks) {
    auto system = std::find_if(systems.begin(), systems.end(), [&](const MutatedSystem& known) {
      return known.rules == task.rules.get();
    });
    if (system == systems.end()) {
      systems.push_back({task.rules.get(), {}});
      system = systems.end() - 1;
    }
    system->scenarios.push_back({&task, {}, {}});
  }
  return systems;
}

class ScenarioMutator {
 public:
  explicit ScenarioMutator(const ruletest::MutationOptions& options) : options_(options) {}

  RuleResult run(const RuleOfSystem& place) {
    const rules::RuleFile& file = (*place.system->rules)[place.file];
    const rules::Rule& rule = file.groups[place.group].rules[place.rule];
    RuleResult result = ruletest::result_for(file, file.groups[place.group], rule);
    for (const RecordedScenario& one : place.system->scenarios) {
      result.tests.push_back(one.task->scenario.file + ": " + one.task->scenario.name);
    }
    run::RuleFiles& own = rules_of(*place.system);
    rules::Rule& slot = own[place.file].groups[place.group].rules[place.rule];
    ruletest::Mutants mutants = ruletest::mutants_of(rule);
    result.left_out = mutants.left_out;
    for (ruletest::Mutant& mutant : mutants.all) {
      MutantResult& one = result.mutants.emplace_back(ruletest::result_for(mutant, rule));
      if (options_.list_only || options_.stopped()) continue;
      std::swap(slot, mutant.rule);
      judge(*place.system, own, one);
      std::swap(slot, mutant.rule);
    }
    return result;
  }

 private:
  run::RuleFiles& rules_of(const MutatedSystem& system) {
    const auto [it, added] = rules_.try_emplace(&system);
    if (added) it->second = ruletest::copies_of(*system.rules);
    return it->second;
  }

  /// The scenario that killed the last mutant comes first: it is likely to kill the next.
  void judge(const MutatedSystem& system, const run::RuleFiles& rules, MutantResult& result) {
    const std::size_t count = system.scenarios.size();
    bool differs = false;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t n = (likely_ + i) % count;
      const RecordedScenario& one = system.scenarios[n];
      const Evidence evidence = with_rules(one, rules);
      const auto verdict = assertions::judge(one.task->scenario, evidence);
      if (verdict.outcome != assertions::Outcome::kPass) {
        likely_ = n;
        result.by = first_broken_claim(one.task->scenario, verdict);
        result.verdict = ruletest::Verdict::kKilled;
        return;
      }
      differs = differs || !same(seen_in(evidence, rules), one.unchanged);
    }
    result.verdict = differs ? ruletest::Verdict::kSurvived : ruletest::Verdict::kSame;
  }

  const ruletest::MutationOptions& options_;
  std::map<const MutatedSystem*, run::RuleFiles> rules_;
  std::size_t likely_ = 0;
};

void record(RecordedScenario& one, const run::RuleFiles& rules) {
  one.evidence = run::simulate(one.task->scenario, {});
  one.unchanged = seen_in(with_rules(one, rules), rules);
}

}  // namespace

std::vector<std::string> scenario_failures(const std::vector<Task>& tasks,
                                           const ruletest::MutationOptions& options) {
  std::vector<std::string> failures(tasks.size());
  ruletest::spread(tasks.size(), options.jobs, [&] {
    return [&](std::size_t i) {
      if (options.stopped()) return;
      const scenario::Scenario& scenario = tasks[i].scenario;
      run::SimulationOptions simulation;
      simulation.routing = tasks[i].routing.get();
      const auto verdict =
          assertions::judge(scenario, run::simulate(scenario, *tasks[i].rules, simulation));
      if (verdict.outcome == assertions::Outcome::kPass) return;
      failures[i] = first_broken_claim(scenario, verdict);
    };
  });
  std::erase(failures, "");
  return failures;
}

std::vector<RuleResult> run_scenario_mutants(const std::vector<Task>& tasks,
                                             const ruletest::MutationOptions& options) {
  std::vector<MutatedSystem> systems = systems_of(tasks);
  std::vector<RuleOfSystem> rules;
  for (MutatedSystem& system : systems) {
    for (RecordedScenario& one : system.scenarios) {
      if (!options.list_only && !options.stopped()) record(one, *system.rules);
    }
    for (std::size_t f = 0; f < system.rules->size(); ++f) {
      const auto& groups = (*system.rules)[f].groups;
      for (std::size_t g = 0; g < groups.size(); ++g) {
        for (std::size_t r = 0; r < groups[g].rules.size(); ++r) {
          rules.push_back({&system, f, g, r});
        }
      }
    }
  }
  std::vector<RuleResult> results(rules.size());
  std::mutex mutex;
  std::size_t done = 0;
  ruletest::spread(rules.size(), options.jobs, [&] {
    // Which mutant is judged by which scenario first depends on the rule alone.
    return [&](std::size_t i) {
      results[i] = ScenarioMutator(options).run(rules[i]);
      const std::lock_guard lock(mutex);
      if (options.progress) options.progress(++done, rules.size());
    };
  });
  return results;
}

}  // namespace tocsin::cli
