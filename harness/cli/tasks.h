#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/run/routing.h"
#include "harness/run/stack.h"
#include "harness/scenario/scenario.h"

namespace CLI {
class App;
}

namespace tocsin::cli {

/// Which scenarios, and what the command line says instead of them.
struct TaskOptions {
  std::vector<std::string> paths;
  std::string filter;             ///< on names; empty: all
  std::vector<std::string> tags;  ///< one of these; empty: all
  bool live = false;
  std::optional<double> time_scale;
  std::optional<std::uint64_t> seed;
  bool no_noise = false;
};

/// A scenario with what it needs to run.
struct Task {
  scenario::Scenario scenario;
  std::shared_ptr<const run::RuleFiles> rules;
  std::shared_ptr<const run::Routing> routing;  ///< null: nobody is told of alerts
};

void add_task_options(CLI::App& command, TaskOptions& options);

/// All that were asked for, at least one; or nothing, after complaints about everything that is
/// wrong with any file, chosen by the filter or not.
std::optional<std::vector<Task>> load_tasks(const TaskOptions& options);

/// A line each: system, how it would run, how long, name, file.
std::string list_of(const std::vector<Task>& tasks);

}  // namespace tocsin::cli
