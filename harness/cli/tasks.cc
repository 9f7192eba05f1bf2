#include "harness/cli/tasks.h"

#include <algorithm>
#include <set>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/base/regex.h"
#include "harness/base/units.h"
#include "harness/base/utf8.h"
#include "harness/cli/flags.h"
#include "harness/cli/terminal.h"
#include "harness/prove/expand.h"
#include "harness/run/rule_scale.h"
#include "harness/scenario/load.h"

namespace tocsin::cli {
namespace {

void override_settings(scenario::Scenario& scenario, const TaskOptions& options) {
  if (options.seed) scenario.seed = *options.seed;
  if (options.no_noise) scenario.noise = scenario::Noise::kNone;
  if (options.live) {
    scenario.live = true;
    scenario.warnings.clear();  // of what a simulated run leaves out
  }
  if (options.time_scale) scenario.time_scale = *options.time_scale;
}

/// Systems by the time scales for which they were checked, so that each is blamed once.
using CheckedScales = std::set<std::pair<const scenario::System*, double>>;

void check_time_scale(const scenario::Scenario& scenario, const run::RuleFiles& rules,
                      CheckedScales& checked, Diagnostics& diagnostics) {
  if (!scenario.live) return;
  const double scale = scenario.time_scale;
  if (checked.emplace(scenario.system.get(), scale).second) {
    run::check_time_scale(*scenario.system, rules, scale, diagnostics);
  }
  run::check_time_scale(scenario.expect, scale, diagnostics);
}

bool has_a_tag(const scenario::Scenario& scenario, const std::vector<std::string>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& tag) {
    return std::find(scenario.tags.begin(), scenario.tags.end(), tag) != scenario.tags.end();
  });
}

/// The filter was compiled once, so it cannot fail.
bool chosen(const scenario::Scenario& scenario, const TaskOptions& options) {
  if (!options.tags.empty() && !has_a_tag(scenario, options.tags)) return false;
  return options.filter.empty() || regex_search(options.filter, scenario.name).value();
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t length = utf8_length(text);
  return length < width ? text + std::string(width - length, ' ') : text;
}

}  // namespace

void add_task_options(CLI::App& command, TaskOptions& options) {
  command.add_option("paths", options.paths, "Scenario files, or folders of them")
      ->required()
      ->type_name("");
  command
      .add_option("--filter", options.filter, "Only scenarios whose name this RE2 pattern finds")
      ->type_name("REGEX");
  command.add_option("--tag", options.tags, "Only scenarios with this tag, or one of several")
      ->take_all()
      ->expected(1)
      ->type_name("TAG");
  command.add_flag("--live", options.live, "On the real clock over real sockets");
  command
      .add_option("--time-scale", options.time_scale,
                  "Live: divide every duration by N; at 60 a minute takes a second")
      ->check(CLI::Range(1.0, 1e6).description(""))
      ->type_name("N");
  expect_whole_number(
      *command.add_option("--seed", options.seed, "Seed of all scenarios, instead of their own"));
  command.add_flag("--no-noise", options.no_noise, "Expected values instead of random draws");
}

std::optional<std::vector<Task>> load_tasks(const TaskOptions& options) {
  Diagnostics diagnostics;
  const auto filter = regex_search(options.filter, "");
  if (filter.has_error()) diagnostics.add(flag_error("--filter", filter.error()));
  std::vector<Task> tasks;
  std::size_t left_out = 0;
  CheckedScales scales;
  scenario::ScenarioLoader loader;
  run::RuleLibrary library;
  run::RoutingLibrary routings;
  prove::Expander expander;
  for (const std::string& path : scenario::find_scenarios(options.paths, diagnostics)) {
    std::optional<scenario::ScenarioFile> loaded = loader.load_file(path, diagnostics);
    if (!loaded) continue;
    auto rules = library.rules_of(*loaded->scenario.system, diagnostics);
    const auto routing = routings.routing_of(*loaded->scenario.system, diagnostics);
    if (filter.has_error()) continue;
    for (scenario::Scenario& one : expander.expand(std::move(*loaded), rules, diagnostics)) {
      if (!chosen(one, options)) {
        ++left_out;
        continue;
      }
      override_settings(one, options);
      if (!one.live) diagnostics.add(one.live_only);
      check_time_scale(one, *rules, scales, diagnostics);
      if (routing != nullptr) run::check_routing(one, *routing, diagnostics);
      tasks.push_back({std::move(one), rules, routing});
    }
  }
  if (diagnostics.ok() && tasks.empty()) {
    diagnostics.add(input_error(
        {}, fmt::format("none of {} scenarios is chosen by --filter or --tag", left_out)));
  }
  for (const auto* warnings : {&library.warnings(), &routings.warnings()}) {
    for (const Error& warning : *warnings) {
      complain("warning: " + printable(to_string(warning)) + '\n');
    }
  }
  if (diagnostics.ok()) return tasks;
  complain(diagnostics.render());
  return std::nullopt;
}

std::string list_of(const std::vector<Task>& tasks) {
  std::string text;
  for (const Task& task : tasks) {
    const scenario::Scenario& scenario = task.scenario;
    std::string mode = "simulated";
    if (scenario.live) mode = "live at " + format_number(scenario.time_scale, 6) + "x";
    text += fmt::format("{}  {}  {:>8}  {}  {}\n", padded(printable(scenario.system->name), 10),
                        padded(mode, 12), format_duration(scenario.length),
                        padded(printable(scenario.name), 58), printable(scenario.file));
  }
  return text;
}

}  // namespace tocsin::cli
