#include <CLI/CLI.hpp>

#include "harness/cli/command.h"
#include "harness/cli/terminal.h"
#include "harness/contract/contract.h"
#include "harness/scenario/load.h"

/// `tocsin schema`: JSON Schemas for editors.

namespace tocsin::cli {

void add_schema_command(CLI::App& app, Action& chosen) {
  auto kind = std::make_shared<std::string>("scenario");
  CLI::App* command =
      app.add_subcommand("schema", "Print the JSON Schema of scenario, system or contract files");
  command->add_option("kind", *kind, "scenario, system or contract")
      ->check(CLI::IsMember({"scenario", "system", "contract"}).description(""))
      ->capture_default_str()
      ->type_name("");
  command->callback([&chosen, kind] {
    chosen = [kind] {
      print(*kind == "system"     ? scenario::system_schema()
            : *kind == "contract" ? contract::contract_schema()
                                  : scenario::scenario_schema());
      return ExitCode::kPassed;
    };
  });
}

}  // namespace tocsin::cli
