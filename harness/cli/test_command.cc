#include <CLI/CLI.hpp>

#include "harness/cli/command.h"

/// `tocsin test`: other people's test formats, one nested command each.

namespace tocsin::cli {
namespace {

/// In the order of the help.
constexpr AddCommand kTests[] = {add_test_promql_command, add_test_routes_command,
                                 add_test_rules_command};

}  // namespace

void add_test_command(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("test", "Run test files in Prometheus' own formats");
  command->require_subcommand(1);
  for (const auto add : kTests) add(*command, chosen);
  for (CLI::App* test : command->get_subcommands({})) test->group("Commands");
}

}  // namespace tocsin::cli
