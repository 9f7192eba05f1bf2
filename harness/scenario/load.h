#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/scenario/from_contract.h"
#include "harness/scenario/scenario.h"

namespace tocsin::scenario {

/// Reads system.yaml (or the folder that holds it). Every problem goes to `diagnostics`; null when
/// there was any.
std::shared_ptr<const System> load_system(const std::string& path, Diagnostics& diagnostics);

/// What a file holds: a scenario, or what to make several of. Then the scenario has a name, a
/// system and settings, but neither traffic, faults and expectations nor a length.
struct ScenarioFile {
  Scenario scenario;
  std::optional<FromContract> from_contract;
};

/// Loads scenarios; systems are read once each. Not safe to share between threads.
class ScenarioLoader {
 public:
  ScenarioLoader();
  ~ScenarioLoader();
  /// `system: procode` is looked for beside the scenario's own folder (…/procode/system.yaml, the
  /// folder itself, its parents), so scenarios/procode/x.yaml finds scenarios/procode. Problems of
  /// the system are reported once. Nothing when there was any problem.
  std::optional<ScenarioFile> load_file(const std::string& path, Diagnostics& diagnostics);
  /// The same of a file that is one scenario; others are refused.
  std::optional<Scenario> load(const std::string& path, Diagnostics& diagnostics);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Scenario files under a path, in name order: the path itself when it is a file; in folders every
/// *.yaml with a top-level `system:` or `include:` and a top-level `expect:` or `traffic:` key (so
/// not system.yaml, rules.yml, contract.yaml), valid YAML or not. Nothing found is a diagnostic.
std::vector<std::string> find_scenarios(const std::vector<std::string>& paths,
                                        Diagnostics& diagnostics);

/// JSON Schema (2020-12) of scenario and of system files, for editors.
std::string scenario_schema();
std::string system_schema();

}  // namespace tocsin::scenario
